import type { Flag } from './flags.ts'

/** The flags of a connection, for the table of a command; `serverOptions` reads them. */
export function serverFlags(group: string): readonly Flag[] {
  return [
    {
      name: 'username',
      group,
      value: 'NAME',
      environment: 'WEIR_USERNAME',
      help: 'Who to log in as; the password is in $WEIR_PASSWORD or in a file.',
    },
    {
      name: 'password-file',
      group,
      value: 'FILE',
      completes: 'file',
      defaultHelp: '$WEIR_PASSWORD',
      help: 'A file that holds the password, and a line feed or none.',
    },
    {
      name: 'api-key-file',
      group,
      value: 'FILE',
      completes: 'file',
      defaultHelp: '$WEIR_API_KEY',
      help: 'A file that holds an API key, as id:key or as Kibana shows it encoded.',
    },
    {
      name: 'ca',
      group,
      value: 'FILE…',
      many: 'words',
      completes: 'file',
      defaultHelp: "the system's",
      help: 'Authorities (PEM) that may have signed the certificate of a server.',
    },
    {
      name: 'cert',
      group,
      value: 'FILE',
      completes: 'file',
      help: 'Our own certificate (PEM), for servers that ask for one.',
    },
    { name: 'key', group, value: 'FILE', completes: 'file', help: 'Its key (PEM).' },
    {
      name: 'key-passphrase-file',
      group,
      value: 'FILE',
      completes: 'file',
      help: 'A file that holds the passphrase of the key.',
    },
    {
      name: 'ca-fingerprint',
      group,
      value: 'HEX',
      help: "SHA-256 of an authority's certificate to trust when a server shows it, as Elasticsearch prints it.",
    },
    {
      name: 'tls-verify',
      group,
      value: 'MODE',
      default: 'full',
      choices: ['full', 'strict', 'certificate', 'none'],
      help: 'Check chain and name; strict: the name must be an alternative name; certificate: the chain only.',
    },
    {
      name: 'tls-server-name',
      group,
      value: 'NAME',
      defaultHelp: 'the name in the URL',
      help: 'Name to ask for, and to find in the certificate.',
    },
    {
      name: 'proxy',
      group,
      value: 'URL',
      defaultHelp: '$HTTPS_PROXY or $HTTP_PROXY, but for $NO_PROXY and this machine',
      help: 'Proxy to go through; none to go through none.',
    },
    {
      name: 'timeout',
      group,
      value: 'DURATION',
      default: '90s',
      help: 'How long a server may take for an answer.',
    },
    {
      name: 'headers',
      group,
      value: 'NAME=VALUE…',
      many: 'words',
      isSecret: true,
      help: 'Headers of every request.',
    },
  ]
}
