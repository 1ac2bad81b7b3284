import { language } from '../i18n'

const formats = new Map<string, Intl.DateTimeFormat>()

function format(options: Intl.DateTimeFormatOptions, at: Date): string {
  const key = language.value + JSON.stringify(options)
  let one = formats.get(key)
  if (!one) formats.set(key, (one = new Intl.DateTimeFormat(language.value, options)))
  return one.format(at)
}

const dayOf = (at: Date) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime()

export const clockTime = (at: string): string => format({ hour: '2-digit', minute: '2-digit', hour12: false }, new Date(at))

export const fullTime = (at: string): string => format({ dateStyle: 'long', timeStyle: 'short', hour12: false }, new Date(at))

/** For a list: the time of today, the weekday of this week, else the date. */
export function shortTime(at: string): string {
  const date = new Date(at)
  const days = (dayOf(new Date()) - dayOf(date)) / 86400000
  if (days < 1) return clockTime(at)
  if (days < 7) return format({ weekday: 'short' }, date)
  return format(days < 300 ? { month: 'numeric', day: 'numeric' } : { dateStyle: 'short' }, date)
}

/** For a separator between days. */
export function dayName(at: number, today: string, yesterday: string): string {
  const days = (dayOf(new Date()) - dayOf(new Date(at))) / 86400000
  if (days < 1) return today
  if (days < 2) return yesterday
  return format(days < 300 ? { month: 'long', day: 'numeric', weekday: 'long' } : { dateStyle: 'long' }, new Date(at))
}
