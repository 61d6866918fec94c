import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { RouterProvider } from 'react-router/dom';
import { newQueryClient } from './queryClient';
import { newRouter } from './router';
import { cssVariables, theme } from './theme';

const Toasts = lazy(() => import('./Toasts').then((m) => ({ default: m.Toasts })));

export function Providers() {
  const [client] = useState(newQueryClient);
  const [router] = useState(newRouter);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
        <Suspense fallback={null}>
          <Toasts />
        </Suspense>
      </QueryClientProvider>
    </MantineProvider>
  );
}
