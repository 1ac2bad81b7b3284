// The pages and their addresses. Without a session, every address leads to the sign-in page.
import { createRouter, createWebHistory } from 'vue-router'
import { useSession } from './stores/session'
import ChatView from './views/ChatView.vue'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/sign-in', name: 'sign-in', component: () => import('./views/SignIn.vue') },
    { path: '/', name: 'rooms', component: ChatView },
    { path: '/rooms/:id(\\d+)', name: 'room', component: ChatView },
    { path: '/rooms/:id(\\d+)/details', name: 'details', component: ChatView },
    { path: '/lab', name: 'lab', component: () => import('./views/LabView.vue') },
    { path: '/:rest(.*)', redirect: '/' },
  ],
})

router.beforeEach((to) => {
  const session = useSession()
  if (!session.signedIn && to.name !== 'sign-in')
    return { name: 'sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
  if (session.signedIn && to.name === 'sign-in') return { name: 'rooms' }
  return true
})

/** A path of this page, or null: `//host` would lead to another site. */
export const localPath = (path: unknown): string | null =>
  typeof path === 'string' && /^\/(?!\/)/.test(path) ? path : null

/** Goes one level up, to `path`. If the user came from there, it goes back, so that the history does not grow. */
export function goUp(path: string): void {
  const state = history.state as { back?: string | null } | null
  if (state?.back === path) router.back()
  else void router.replace(path)
}
