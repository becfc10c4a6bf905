/** What inputs may be; `auto` looks at what they begin with. */
export const INPUT_FORMATS = ['auto', 'json', 'text', 'bin', 'weir', 'pcap'] as const
export type InputFormat = (typeof INPUT_FORMATS)[number]
