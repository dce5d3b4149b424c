/** An image or a document of a conversation: shown if it is a raster image, else named. */

import type { JSX } from 'preact'
import type { ViewMedia } from '../../review/view.ts'

const shown = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

export function Media({ media: { name, image } }: { readonly media: ViewMedia }): JSX.Element {
  if (!image || !shown.has(image.type)) return <p class="media">{name}</p>
  return (
    <figure class="media">
      <img src={`data:${image.type};base64,${image.data}`} alt={name} loading="lazy" decoding="async" />
      <figcaption>{name}</figcaption>
    </figure>
  )
}
