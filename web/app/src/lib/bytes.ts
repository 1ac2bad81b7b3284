// File sizes as short texts: "1.4 MB".

/** A size with its unit and two or three significant digits: "4.2 MB". */
export function formatBytes(count: number): string {
  if (count < 1000) return `${count} B`
  if (count < 1e6) return `${(count / 1e3).toFixed(count < 1e4 ? 1 : 0)} kB`
  if (count < 1e9) return `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB`
  return `${(count / 1e9).toFixed(1)} GB`
}
