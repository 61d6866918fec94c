/**
 * Query keys. A push from the socket names one of these; a prefix stands for
 * everything below it.
 */
export const keys = {
  me: ['me'] as const,
  devices: ['devices'] as const,
  rooms: {
    all: ['rooms'] as const,
    list: (span: { from?: string; to?: string }) => ['rooms', 'list', span] as const,
    one: (room: string) => ['rooms', 'one', room] as const,
    participants: (room: string) => ['rooms', 'participants', room] as const,
    attendance: (room: string) => ['rooms', 'attendance', room] as const,
  },
  recordings: (meeting: string) => ['recordings', meeting] as const,
  people: ['people'] as const,
  invitations: ['invitations'] as const,
  care: ['care'] as const,
  careUnits: ['care', 'units'] as const,
};
