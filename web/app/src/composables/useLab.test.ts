// Which runs of the lab are shown.
import { expect, it } from 'vitest'
import { choose, chooseFinished, markOf, toggleCompared } from './useLab'

it('a chosen run is shown, and no longer compared with itself', () => {
  expect(choose({ chosen: 1, compared: 2 }, 3)).toEqual({ chosen: 3, compared: 2 })
  expect(choose({ chosen: 1, compared: 2 }, 2)).toEqual({ chosen: 2, compared: null })
})

it('choosing the shown run again changes nothing', () => {
  expect(choose({ chosen: 1, compared: 2 }, 1)).toEqual({ chosen: 1, compared: 2 })
})

it('a run is compared until it is clicked again, or another is', () => {
  expect(toggleCompared({ chosen: 1, compared: null }, 2)).toEqual({ chosen: 1, compared: 2 })
  expect(toggleCompared({ chosen: 1, compared: 2 }, 2)).toEqual({ chosen: 1, compared: null })
  expect(toggleCompared({ chosen: 1, compared: 2 }, 3)).toEqual({ chosen: 1, compared: 3 })
})

it('a finished run is compared with the run shown before', () => {
  expect(chooseFinished({ chosen: 1, compared: 2 }, 3)).toEqual({ chosen: 3, compared: 1 })
  expect(chooseFinished({ chosen: null, compared: null }, 3)).toEqual({
    chosen: 3,
    compared: null,
  })
})

it('the list marks the run that is shown and the one that is compared', () => {
  const selection = { chosen: 1, compared: 2 }
  expect([1, 2, 3].map((id) => markOf(selection, id))).toEqual(['chosen', 'compared', 'none'])
})
