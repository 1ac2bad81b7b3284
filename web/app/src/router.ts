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

/** Back to a page one level up: by the browser's own history where we came from there, so that it does not grow. */
export function goUp(path: string): void {
  if (history.state?.back === path) router.back()
  else void router.replace(path)
}
