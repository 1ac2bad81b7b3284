// People as others see them. A nickname may be anybody's, also somebody else's; a username is unique.
import type { Entry, Profile } from '../api/client'

export type Person = Entry['sender']

/** The names of a person, as far as the server sent them: members also have the skeleton of their nickname. */
export type Names = Pick<Person, 'id' | 'username' | 'nickname'> &
  Partial<Pick<Profile, 'nickname_taken' | 'skeleton'>>

/** The username as others write it: "@li_lei"; "" for a deleted user, whose username is only a number after "~". */
export const atName = (username: string): string => (username.startsWith('~') ? '' : `@${username}`)

/** A person in running text: the people store decides whether the username is needed. */
export type NameOf = (person: Names) => string

/** A name without what hardly distinguishes it from another: case, width, and what is invisible. */
export const comparable = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/\s+/g, ' ')

/** A name in running text, followed by the username if there is one: "Li (@li_lei)". */
export const fullName = (nickname: string, handle: string): string =>
  handle ? `${isolated(nickname)} (${handle})` : isolated(nickname)

/** A text whose direction of writing does not affect the text around it (UAX #9). */
export const isolated = (text: string): string => `\u2068${text}\u2069`

/** A text without characters that change the direction of the text around it. */
export const withoutDirection = (text: string): string => text.replace(/\p{Bidi_Control}/gu, '')
