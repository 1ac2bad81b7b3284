import { ref } from 'vue'
import { language } from '../i18n'

const formats = new Map<string, Intl.DateTimeFormat>()

function format(options: Intl.DateTimeFormatOptions, at: Date): string {
  const key = language.value + JSON.stringify(options)
  let one = formats.get(key)
  if (!one) formats.set(key, (one = new Intl.DateTimeFormat(language.value, options)))
  return one.format(at)
}

const dayOf = (at: Date) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime()

// A page that stays open over midnight says "yesterday" in the morning.
const today = ref(dayOf(new Date()))
setInterval(() => (today.value = dayOf(new Date())), 60000)

/** By the calendar: rounded, since a day has 23 or 25 hours where the clocks are changed. */
const daysAgo = (at: Date) => Math.round((today.value - dayOf(at)) / 86400000)

export const clockTime = (at: string): string =>
  format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, new Date(at))

export const fullTime = (at: string): string =>
  format({ dateStyle: 'long', timeStyle: 'short', hourCycle: 'h23' }, new Date(at))

/** For a list: the time of today, the weekday of this week, else the date. */
export function shortTime(at: string): string {
  const date = new Date(at)
  const days = daysAgo(date)
  if (days < 1) return clockTime(at)
  if (days < 7) return format({ weekday: 'short' }, date)
  return format(days < 300 ? { month: 'numeric', day: 'numeric' } : { dateStyle: 'short' }, date)
}

/** For a separator between days. */
export function dayName(at: number, todayWord: string, yesterdayWord: string): string {
  const date = new Date(at)
  const days = daysAgo(date)
  if (days < 1) return todayWord
  if (days < 2) return yesterdayWord
  return format(
    days < 300 ? { month: 'long', day: 'numeric', weekday: 'long' } : { dateStyle: 'long' },
    date,
  )
}
