// Keyboards: the name of the command key, and input methods.

/** The modifier of shortcuts, as this keyboard names it. */
export const commandKey = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl'

const IME_KEY_CODE = 229 // the only sign that some browsers give

/** Does this key belong to an input method that is composing a word? */
export const isComposing = (event: KeyboardEvent): boolean =>
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  event.isComposing || event.keyCode === IME_KEY_CODE
