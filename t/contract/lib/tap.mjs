// Prints results: each promise is a line "ok NAME" or "not ok NAME", which ContractTest.pm makes a test.
let failed = 0

export function ok(holds, promise) {
  if (!holds) failed++
  console.log(`${holds ? 'ok' : 'not ok'} ${promise}`)
}

export function diag(text) {
  console.log('# ' + String(text).split('\n').slice(0, 40).join('\n# '))
}

/** Checks one promise. If `check` throws, the promise is broken, and the test goes on. Returns what `check` returns. */
export async function step(promise, check) {
  try {
    const value = await check()
    ok(true, promise)
    return value
  } catch (error) {
    ok(false, promise)
    diag(error.diagnosis ?? error.stack ?? error)
    return undefined
  }
}

/** Throws an error that shows `diagnosis` in place of a stack trace. */
export function refuse(diagnosis) {
  throw Object.assign(new Error('a broken promise'), { diagnosis })
}

export const failures = () => failed
