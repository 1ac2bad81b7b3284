import { createRouter, createWebHistory } from 'vue-router'
import { useSession } from './stores/session'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/sign-in', name: 'sign-in', component: () => import('./views/SignIn.vue') },
    { path: '/', name: 'rooms', component: () => import('./views/ChatView.vue') },
    { path: '/rooms/:id(\\d+)', name: 'room', component: () => import('./views/ChatView.vue') },
    { path: '/:rest(.*)', redirect: '/' },
  ],
})

router.beforeEach((to) => {
  const session = useSession()
  if (!session.signedIn && to.name !== 'sign-in') return { name: 'sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
  if (session.signedIn && to.name === 'sign-in') return { name: 'rooms' }
  return true
})
