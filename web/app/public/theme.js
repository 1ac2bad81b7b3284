// Before the first paint: the theme and the language that were chosen, so that nothing flashes.
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
  } catch (error) {
    // Storage is closed to us: the defaults hold.
  }
})()
