/**
 * Loaded into a service before it starts (`node --import`), so that the bench can have it collect its garbage: memory
 * in use is told apart from memory that only has not been given back.
 */

process.on('message', asked => {
  if (asked !== 'collect') return
  // The first finds what is garbage, the second what only the first let go of.
  globalThis.gc?.()
  globalThis.gc?.()
  process.send?.(process.memoryUsage())
})
process.channel?.unref()
