/**
 * Where systemd would hear of a service: a datagram socket, in Perl, which is on every Debian; Bun has none.
 */
import { Journal } from './journal.ts'

export interface NotifySocket extends AsyncDisposable {
  /** One for each datagram, as it came. */
  readonly heard: Journal<string>
}

const program = `
use IO::Socket::UNIX; use Socket; $| = 1;
my $path = $ARGV[0]; $path =~ s/^@/\\0/;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path) or die "no socket: $!";
print "ready\\0";
while (defined $socket->recv(my $text, 4096)) { print $text, "\\0"; }
`

/** @param path of a file, or with @ in front a name without one. */
export async function listenToNotices(path: string): Promise<NotifySocket> {
  const child = Bun.spawn(['perl', '-e', program, path], { stdout: 'pipe', stderr: 'inherit' })
  const heard = new Journal<string>()
  const isReady = Promise.withResolvers<void>()
  void read(child.stdout, (text) => (text === 'ready' ? isReady.resolve() : heard.add(text)))
  await isReady.promise
  return {
    heard,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}

async function read(output: ReadableStream<Uint8Array>, onText: (text: string) => void) {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of output) {
    const texts = (rest + decoder.decode(chunk, { stream: true })).split('\0')
    rest = texts.pop() ?? ''
    for (const text of texts) onText(text)
  }
}
