// Applies the stored theme and language before the first paint, so that the page does not flash.
;(function () {
  try {
    var theme = localStorage.getItem('fastchat.theme')
    if (
      theme === '"dark"' ||
      (theme !== '"light"' && matchMedia('(prefers-color-scheme: dark)').matches)
    ) {
      document.documentElement.classList.add('dark')
    }
    var language = localStorage.getItem('fastchat.language')
    document.documentElement.lang = language ? JSON.parse(language) : navigator.language
  } catch {
    // Storage is blocked: the defaults stand.
  }
})()
