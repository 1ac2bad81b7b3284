// Line icons as SVG paths, 24 × 24, drawn here so that the page loads none.
export const ICON_PATHS = {
  plus: 'M12 5v14M5 12h14',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4',
  back: 'M15 5l-7 7 7 7',
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M12 5v14M6 13l6 6 6-6',
  send: 'M4 12l16-7-6 16-3-7z',
  info: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 11v5M12 8h.01',
  compass: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM15 9l-2 4-4 2 2-4z',
  person: 'M12 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM5 20c.6-3.5 3.4-5 7-5s6.4 1.5 7 5',
  chat: 'M5 6h14v10h-8l-4 4v-4H5z',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6l1.4 1.4M17 17l1.4 1.4M18.4 5.6L17 7M7 17l-1.4 1.4',
  moon: 'M19 14.5A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.5z',
  language: 'M4 6h9M8.5 4v2M11 6c-.7 4-3.5 7-7 8.5M6 9c1 2.5 3.5 4.5 6 5.5M12.5 20l4-9 4 9M14 17h5',
  leave: 'M10 5H5v14h5M14 8l4 4-4 4M18 12H9',
  lock: 'M7 11h10v8H7zM9 11V8a3 3 0 0 1 6 0v3',
  globe: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM4 12h16M12 4c5 5 5 11 0 16M12 4c-5 5-5 11 0 16',
  clock: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4l2.5 2',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  eye: 'M3 12c2-4 5-6 9-6s7 2 9 6c-2 4-5 6-9 6s-7-2-9-6zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z',
  flask: 'M9 4h6M10 4v6l-5 9h14l-5-9V4M8 15h8',
  code: 'M8 7l-5 5 5 5M16 7l5 5-5 5M13.5 5l-3 14',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  alert: 'M12 5l8 14H4zM12 11v3M12 16.5h.01',
} as const

export type IconName = keyof typeof ICON_PATHS
