/** The key that goes with K, as this keyboard names it. */
export const commandKey = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl'

/** Does this key belong to an input method that composes a word? Some browsers say so only by the code 229. */
export const composing = (event: KeyboardEvent): boolean =>
  event.isComposing || event.keyCode === 229
