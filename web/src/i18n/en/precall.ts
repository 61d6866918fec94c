export default {
  title: 'Check your devices',
} as const;
