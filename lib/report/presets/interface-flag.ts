import type { PresetFlag } from './preset.ts'

/** Of reports that show interfaces: what they are called and how fast they are. */
export const IFS_FLAG: PresetFlag = {
  name: 'ifs',
  value: 'FILE',
  completes: 'file',
  help: 'Names and speeds of interfaces: lines of exporter,ifindex,name,speed; * is every exporter, 10G a speed. Without it what exporters said of them.',
}
