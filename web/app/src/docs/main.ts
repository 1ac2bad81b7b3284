// The page /docs: Swagger UI with the server's own OpenAPI document. It shares nothing with the chat but the theme.
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js'
import 'swagger-ui-dist/swagger-ui.css'
import { load, onChange } from '../lib/storage'
import './docs.css'
import { describeStreams, fetchBriefly, type Document } from './streams'

// Swagger UI and the document are in English only; these are the page's own texts.
const CHINESE: Record<string, string> = {
  chat: '打开聊天',
  hint: '先用 POST /api/sessions 拿到 token，再填进“Authorize”。这里的调用都是真的，会改动服务器上的数据。',
}
const STREAM_NOTE = {
  en: 'Here, “Execute” shows what the stream brings in five seconds.',
  'zh-CN': '在这个页面上，“Execute”只显示流在五秒内送来的内容。',
}

const root = document.documentElement
const system = matchMedia('(prefers-color-scheme: dark)')
const language = root.lang.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en' // theme.js has read it

root.lang = language
if (language === 'zh-CN') {
  for (const element of document.querySelectorAll<HTMLElement>('[data-text]'))
    element.textContent = CHINESE[element.dataset.text!]!
}

// theme.js did the same before the first paint, but Swagger UI has a class of its own.
function applyTheme(): void {
  const theme = load<string | null>('theme', null)
  const dark = theme === null ? system.matches : theme === 'dark'
  root.classList.toggle('dark', dark)
  root.classList.toggle('dark-mode', dark)
}

system.addEventListener('change', applyTheme)
onChange((key) => {
  if (key === 'theme') applyTheme()
})
applyTheme()

SwaggerUI({
  url: '/openapi.json',
  domNode: document.getElementById('docs')!,
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0, // the schemas are listed, but closed
  // A token is forgotten with the page: whoever opens it next at this computer would call the API with it.
  persistAuthorization: false,
  validatorUrl: null, // sends the document to nobody
  requestInterceptor: (request) => Object.assign(request, { userFetch: fetchBriefly }),
  plugins: [
    {
      statePlugins: {
        spec: {
          wrapActions: {
            updateJsonSpec: (update: (spec: Document) => unknown) => (spec: Document) =>
              update(describeStreams(spec, STREAM_NOTE[language])),
          },
        },
      },
    },
  ],
})
