import { Suspense } from 'react';
import { Outlet, ScrollRestoration } from 'react-router';
import { Splash } from '@/components/ui/Waiting';

export function RootLayout() {
  return (
    <>
      <Suspense fallback={<Splash />}>
        <Outlet />
      </Suspense>
      <ScrollRestoration />
    </>
  );
}
