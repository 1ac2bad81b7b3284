// The rules of `npm run lint`. Layout belongs to prettier: eslint-config-prettier turns those rules off.
import js from '@eslint/js'
import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'
import { defineConfig } from 'eslint/config'
import ts from 'typescript-eslint'

const LINE_MAX = 120 // longer lists of classes become a utility in src/style.css

export default defineConfig(
  { ignores: ['dist/', 'src/api/schema.d.ts'] },
  js.configs.recommended,
  {
    files: ['public/*.js'],
    languageOptions: {
      sourceType: 'script',
      globals: {
        document: 'readonly',
        localStorage: 'readonly',
        matchMedia: 'readonly',
        navigator: 'readonly',
      },
    },
  },
  {
    files: ['src/**/*.{ts,vue}'],
    extends: [ts.configs.strictTypeChecked, vue.configs['flat/recommended'], prettier],
    languageOptions: {
      parserOptions: {
        parser: ts.parser,
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.vue'],
      },
    },
    rules: {
      'no-undef': 'off', // vue-tsc checks names, and knows the browser's
      // noUncheckedIndexedAccess asks for it where an index was checked in another way.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A count of characters is one of code points, as the server counts.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error', // a new kind of entry or event fails here
      'vue/block-order': ['error', { order: ['script', 'template'] }],
      'vue/max-len': [
        'error',
        { code: LINE_MAX, template: LINE_MAX, ignoreStrings: true, ignoreTemplateLiterals: true },
      ],
    },
  },
  // The HTML of a message comes out of a sanitizer (src/lib/markdown.ts).
  { files: ['src/components/MessageBubble.vue'], rules: { 'vue/no-v-html': 'off' } },
  {
    // typescript-eslint does not see the types of .vue files; vue-tsc does.
    files: ['src/main.ts', 'src/router.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
)
