/**
 * The sample bot's picture: a PNG made here, so that there is something to upload without a file of our own.
 */
import { crc32, deflateSync } from 'node:zlib'

const width = 320
const height = 180

/** Draws a wave on a line: 320 × 180 pixels, as the bytes of a PNG. */
export function drawPicture(): Uint8Array {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // Eight bits each of red, green and blue.
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels())),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** Rows from the top, each led by a 0: not filtered. */
function pixels(): Buffer {
  const rows = Buffer.alloc((width * 3 + 1) * height)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows.set(colourAt(x, y), (width * 3 + 1) * y + 1 + x * 3)
  }
  return rows
}

function colourAt(x: number, y: number): readonly [number, number, number] {
  const swing = Math.sin((x / width) * Math.PI) * height * 0.35
  const distance = Math.abs(y - height / 2 - swing * Math.sin((x / width) * Math.PI * 6))
  if (distance < 4) return [255, 205, 86]
  return [20 + Math.round((x / width) * 30), 60 + Math.round((y / height) * 50), 110 + Math.round((x / width) * 60)]
}

function chunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content])
  const frame = Buffer.alloc(body.length + 8)
  frame.writeUInt32BE(content.length, 0)
  frame.set(body, 4)
  frame.writeUInt32BE(crc32(body), body.length + 4)
  return frame
}
