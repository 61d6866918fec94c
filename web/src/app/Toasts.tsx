import '@mantine/core/styles/Notification.layer.css';
import '@mantine/notifications/styles.layer.css';
import { Notifications } from '@mantine/notifications';

/**
 * Where toasts appear. It comes after the first page stands: a toast said
 * before is kept by the library's store and shown then.
 */
export function Toasts() {
  return <Notifications position="bottom-center" zIndex={400} limit={3} autoClose={6000} />;
}
