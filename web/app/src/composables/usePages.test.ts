// Lists that come page by page.
import { expect, it } from 'vitest'
import { usePages, type Page } from './usePages'

const idOf = (id: number): number => id

function pagesOf(pages: Page<number, number>[]) {
  return usePages(
    (cursor: number | null) =>
      pages[cursor ?? 0] ? Promise.resolve(pages[cursor ?? 0]!) : Promise.reject(new Error('gone')),
    idOf,
  )
}

it('pages are appended, and an item that comes again is shown once', async () => {
  const list = pagesOf([
    { items: [1, 2], next: 1 },
    { items: [2, 3], next: null },
  ])
  await list.loadMore()
  expect([list.items.value, list.hasMore.value]).toEqual([[1, 2], true])
  await list.loadMore()
  expect([list.items.value, list.hasMore.value]).toEqual([[1, 2, 3], false])
})

it('a list that is loaded again begins with its first page', async () => {
  const list = pagesOf([
    { items: [1], next: 1 },
    { items: [2], next: null },
  ])
  await list.loadMore()
  await list.loadMore()
  await list.reload()
  expect([list.items.value, list.hasMore.value]).toEqual([[1], true])
})

it('a page that cannot be loaded changes nothing and says why', async () => {
  const list = pagesOf([{ items: [1], next: 7 }])
  await list.loadMore()
  await list.loadMore()
  expect(list.items.value).toEqual([1])
  expect(list.error.value).toContain('gone')
  expect(list.loading.value).toBe(false)
})
