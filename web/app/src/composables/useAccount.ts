// The user's own account: the display name, and the devices that are signed in.
import { computed, ref } from 'vue'
import type { Session } from '../api/client'
import { t } from '../i18n'
import { useSession } from '../stores/session'
import { useAttempt } from './useAttempt'

/** Can a display name be saved? Only if it is not empty and differs from the present one. */
export function canSaveName(typed: string, present: string | undefined): boolean {
  const name = typed.trim()
  return name !== '' && name !== present
}

/** Begins to load the devices at once. */
export function useAccount() {
  const session = useSession()
  const nickname = ref(session.user?.nickname ?? '')
  const devices = ref<Session[]>([])
  const notice = ref('') // what has been done
  const { error, attempt } = useAttempt()
  const canSave = computed(() => canSaveName(nickname.value, session.user?.nickname))

  function run(action: () => Promise<void>): Promise<boolean> {
    notice.value = ''
    return attempt(action)
  }

  const saveName = () =>
    run(async () => {
      await session.rename(nickname.value.trim())
      notice.value = t('nicknameSaved')
    })

  const loadDevices = () =>
    run(async () => {
      devices.value = await session.listDevices()
    })

  const endDevice = (id: number) =>
    run(async () => {
      await session.endDevice(id)
      devices.value = devices.value.filter((device) => device.id !== id)
    })

  /** A new password has ended the sessions of the other devices. */
  function passwordChanged(): void {
    void loadDevices()
    notice.value = t('passwordChanged')
  }

  void loadDevices()
  return { nickname, canSave, devices, notice, error, saveName, endDevice, passwordChanged }
}
