// People as others see them. A nickname may be anybody's, also somebody else's; a username is unique.
import type { Entry } from '../api/client'

export type Person = Entry['sender']

/** The username as others write it: "@li_lei"; "" for a deleted user, whose username is only a number after "~". */
export const atName = (username: string): string =>
  username === '' || username.startsWith('~') ? '' : `@${username}`

/** The username as it stands beside the nickname; "" if the nickname is the username. */
export function handle({ username, nickname }: Pick<Person, 'username' | 'nickname'>): string {
  return username.toLowerCase() === nickname.toLowerCase() ? '' : atName(username)
}

/** A person in running text, who cannot be taken for another: "Li (@li_lei)". */
export function personName(person: Pick<Person, 'username' | 'nickname'>): string {
  const at = handle(person)
  return at ? `${isolated(person.nickname)} (${at})` : isolated(person.nickname)
}

/** A text whose direction of writing does not affect the text around it (UAX #9). */
export const isolated = (text: string): string => `\u2068${text}\u2069`

/** A text without characters that change the direction of the text around it. */
export const withoutDirection = (text: string): string => text.replace(/\p{Bidi_Control}/gu, '')
