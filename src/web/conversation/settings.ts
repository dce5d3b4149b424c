/** What the reader has chosen to see, for every part of a conversation. */

import { createContext } from 'preact'

export interface Settings {
  readonly sideBySide: boolean
  /** Calls and thinking: all folded or all unfolded as of `epoch`; single ones may differ since then. */
  readonly fold: { readonly open: boolean; readonly epoch: number }
  /** The message that was jumped to for the sake of these words, so that what holds them is unfolded. */
  readonly sought: { readonly anchor: string; readonly words: string; readonly epoch: number } | null
  /** What is unfolded by hand, by the anchor of its message and its place in it. Survives leaving the screen. */
  readonly unfolded: Map<string, { readonly open: boolean; readonly epoch: number }>
}

export const defaultSettings: Settings = {
  sideBySide: false,
  fold: { open: false, epoch: 0 },
  sought: null,
  unfolded: new Map(),
}

export const SettingsContext = createContext<Settings>(defaultSettings)
