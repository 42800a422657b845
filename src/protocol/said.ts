/**
 * What was said, read out of the text of a stored activity: for lists and searches that people look at.
 */
import { isObject, type JsonObject, parseOwnJson } from './fields.ts'

/** A preview: characters. */
const previewCharacters = 120

/** As `placed` writes what ends a conversation: `type` is the third member of every stored activity. */
const endPattern = /^\{"id":"[^"]{1,80}","timestamp":"[^"]{24}","type":"endOfConversation"/

/** Whether a stored activity ends its conversation. */
export const isEnd = (activityText: string): boolean => endPattern.test(activityText)

/** The text of a stored activity; empty if it has none. */
export function textOf(activityText: string): string {
  const { text } = activityOf(activityText)
  return typeof text === 'string' ? text : ''
}

/** A stored activity as JSON. An empty object for an empty text, which is what is left of an erased one. */
export function activityOf(activityText: string): JsonObject {
  if (activityText === '') return {}
  const activity = parseOwnJson(activityText)
  return isObject(activity) ? activity : {}
}

/** The first line of a text as a list shows it. */
export function previewOf(text: string): string {
  const line = text
    .slice(0, previewCharacters * 4)
    .trim()
    .replace(/\s+/g, ' ')
  if (line.length <= previewCharacters) return line
  // Not within a character that takes two.
  return `${line.slice(0, previewCharacters - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** Whether a text contains words, whatever the case. @param words in lower case */
export const contains = (text: string, words: string): boolean => text.toLowerCase().includes(words)
