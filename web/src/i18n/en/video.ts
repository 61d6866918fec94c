export default {
  title: 'Session',
} as const;
