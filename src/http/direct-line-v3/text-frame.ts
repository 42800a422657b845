/**
 * A WebSocket text frame as it goes over the line (RFC 6455, section 5.2): whole, and unmasked as a server's are. Made here
 * because the sockets of a conversation are sent the very same bytes, and in one piece: `ws` makes a header for each
 * socket and hands header and text to the system separately, which costs more than the rest of sending.
 */

/** The only fragment of a text. */
const finalText = 0x81

/** A length that says that two, or eight, bytes of length follow. */
const twoBytes = 126
const eightBytes = 127
const twoBytesMax = 0xffff

/** The frame of a text. Never for a client: those mask theirs. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const head = length < twoBytes ? 2 : length <= twoBytesMax ? 4 : 10
  const frame = Buffer.allocUnsafe(head + length)
  frame[0] = finalText
  if (head === 2) {
    frame[1] = length
  } else if (head === 4) {
    frame[1] = twoBytes
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = eightBytes
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.write(text, head)
  return frame
}
