// The command palette.
import { expect, it } from 'vitest'
import { matching, type Command } from './useCommands'

const command = (text: string): Command => ({ key: text, text, icon: 'chat', run: () => {} })

it('a command is found by any part of its text, in either case', () => {
  const commands = [command('New room'), command('周末爬山'), command('Account')]
  expect(matching(commands, ' ROOM ').map((one) => one.text)).toEqual(['New room'])
  expect(matching(commands, '爬山').map((one) => one.text)).toEqual(['周末爬山'])
  expect(matching(commands, '').length).toBe(3)
})

it('no more than 50 commands are shown', () => {
  const commands = Array.from({ length: 60 }, (_, i) => command(`room ${i}`))
  expect(matching(commands, 'room').length).toBe(50)
})
