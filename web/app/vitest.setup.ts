// Streams for the page's unit tests: jsdom has none, and a test's context does not have Node's own globals.
import { ReadableStream } from 'node:stream/web'

Object.assign(globalThis, { ReadableStream })
