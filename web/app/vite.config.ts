import { readFileSync } from 'node:fs'
import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

/** Writes the licenses of Swagger UI and of what it contains, which have to go with it; docs.html links to them. */
function swaggerLicenses(): Plugin {
  const files = ['NOTICE', 'LICENSE', 'swagger-ui-es-bundle.js.LICENSE.txt']
  return {
    name: 'swagger-licenses',
    generateBundle() {
      const texts = files.map((file) =>
        readFileSync(`node_modules/swagger-ui-dist/${file}`, 'utf8'),
      )
      this.emitFile({ type: 'asset', fileName: 'docs-licenses.txt', source: texts.join('\n\n') })
    },
  }
}

const SERVER = process.env.FASTCHAT_URL ?? 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [vue(), tailwindcss(), swaggerLicenses()],
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 1_800, // Swagger UI, which only /docs loads
    rollupOptions: { input: ['index.html', 'docs.html'] },
  },
  server: {
    proxy: Object.fromEntries(['/api', '/openapi.json'].map((path) => [path, SERVER])),
  },
  // A context for each test file isolates it as well as a process, for a sixth of the CPU.
  test: { environment: 'jsdom', pool: 'vmForks', setupFiles: 'vitest.setup.ts' },
})
