// The people whom the page has seen. Those who could be taken for one another are shown with the username.
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import type { Entry, Room } from '../api/client'
import { atName, comparable, fullName, type Names } from '../lib/people'

export const usePeople = defineStore('people', () => {
  const owners = shallowReactive(new Map<string, ReadonlySet<number>>()) // the users of each name that was seen
  const skeletons = shallowReactive(new Map<string, string>()) // by nickname

  function addOwner(name: string, id: number): void {
    const known = owners.get(name)
    if (!known?.has(id)) owners.set(name, new Set(known).add(id))
  }

  function meet(person: Names): void {
    addOwner(comparable(person.nickname), person.id)
    addOwner(comparable(person.username), person.id)
    if (!person.skeleton) return
    addOwner(person.skeleton, person.id)
    skeletons.set(person.nickname, person.skeleton)
  }

  function meetIn({ peer, last_message }: Room): void {
    if (peer) meet(peer)
    if (last_message) meet(last_message.sender)
  }

  const meetSenders = (entries: readonly Entry[]): void =>
    entries.forEach(({ sender }) => meet(sender))

  function isOfAnother(name: string | undefined, id: number): boolean {
    const users = name === undefined ? [] : [...(owners.get(name) ?? [])]
    return users.some((user) => user !== id)
  }

  /** The username where the nickname does not suffice to tell who this is; otherwise "". */
  function handle({ id, username, nickname, nickname_taken }: Names): string {
    const name = comparable(nickname)
    if (name === comparable(username)) return ''
    const unclear =
      nickname_taken || isOfAnother(name, id) || isOfAnother(skeletons.get(nickname), id)
    return unclear ? atName(username) : ''
  }

  /** A person in running text, who cannot be taken for another. */
  const nameOf = (person: Names): string => fullName(person.nickname, handle(person))

  function clear(): void {
    owners.clear()
    skeletons.clear()
  }

  return { meet, meetIn, meetSenders, handle, nameOf, clear }
})
