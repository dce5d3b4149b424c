import test from 'ava'
import {
  chooseNext,
  isDueAtOnce,
  isHopeless,
  noteTry,
  type Request,
  type Tries,
} from '../../src/core/tries.ts'

const request = (id: string, more: Partial<Request> = {}): Request => ({
  id,
  version: '1',
  urgent: false,
  tried: false,
  ...more,
})

const a = request('a')
const b = request('b')
const urgent = request('c', { urgent: true })

test('everything has its turn, whatever becomes of it', (t) => {
  const tries: Tries = new Map()
  const order = Array.from({ length: 6 }, (_, at) => {
    const next = chooseNext(tries, at < 2 ? [a, b] : [a, b, urgent])
    if (next) noteTry(tries, next, { hopeless: false })
    return next?.id
  })
  t.deepEqual(order, ['a', 'b', 'c', 'a', 'b', 'c'])
  t.is(chooseNext(tries, []), undefined)
})

test('what an earlier worker tried comes after what nobody did', (t) => {
  t.is(chooseNext(new Map(), [request('a', { tried: true }), b])?.id, 'b')
})

test('what is urgent has one try at once each time that it is asked for', (t) => {
  const tries: Tries = new Map()
  t.false(isDueAtOnce(tries, a))
  t.true(isDueAtOnce(tries, urgent))
  t.false(isDueAtOnce(tries, { ...urgent, tried: true }))
  noteTry(tries, urgent, { hopeless: false })
  t.false(isDueAtOnce(tries, urgent))
  t.true(isDueAtOnce(tries, { ...urgent, version: '2' }))
})

test('what needed a person may be asked for anew', (t) => {
  const tries: Tries = new Map()
  t.false(isHopeless(tries, a))
  noteTry(tries, a, { hopeless: true })
  t.true(isHopeless(tries, a))
  t.false(isHopeless(tries, { ...a, version: '2' }))
  noteTry(tries, a, { hopeless: false })
  t.false(isHopeless(tries, a))
})
