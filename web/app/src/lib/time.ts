// Times for people to read, in the page's language and the browser's time zone.
import { ref } from 'vue'
import { language } from '../i18n'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const WEEKDAY_DAYS = 7 // a weekday alone is unambiguous for as long
const YEARLESS_DAYS = 300 // a date without its year is unambiguous for as long

const formats = new Map<string, Intl.DateTimeFormat>()

function format(options: Intl.DateTimeFormatOptions, at: Date): string {
  const key = language.value + JSON.stringify(options)
  const cached = formats.get(key)
  if (cached) return cached.format(at)
  const made = new Intl.DateTimeFormat(language.value, options)
  formats.set(key, made)
  return made.format(at)
}

const startOfDay = (at: Date) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime()

// A ref, so that a page left open overnight shows "Yesterday" in the morning.
const today = ref(startOfDay(new Date()))
setInterval(() => (today.value = startOfDay(new Date())), MINUTE_MS)

/** Calendar days before today. Rounded: a day has 23 or 25 hours when the clocks change. */
const daysAgo = (at: Date) => Math.round((today.value - startOfDay(at)) / DAY_MS)

export const clockTime = (at: string): string =>
  format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, new Date(at))

export const fullTime = (at: string): string =>
  format({ dateStyle: 'long', timeStyle: 'short', hourCycle: 'h23' }, new Date(at))

/** For lists: today's times as a time, the last week's as a weekday, others as a date. */
export function shortTime(at: string): string {
  const date = new Date(at)
  const days = daysAgo(date)
  if (days < 1) return clockTime(at)
  if (days < WEEKDAY_DAYS) return format({ weekday: 'short' }, date)
  return format(
    days < YEARLESS_DAYS ? { month: 'numeric', day: 'numeric' } : { dateStyle: 'short' },
    date,
  )
}

/** The heading above the messages of a day. */
export function dayName(at: number, todayText: string, yesterdayText: string): string {
  const date = new Date(at)
  const days = daysAgo(date)
  if (days < 1) return todayText
  if (days < 2) return yesterdayText
  return format(
    days < YEARLESS_DAYS
      ? { month: 'long', day: 'numeric', weekday: 'long' }
      : { dateStyle: 'long' },
    date,
  )
}
