"""Sign in to a broker by AMQP 0-9-1, spelt out: nothing but the standard library, run on a host."""

SIGN_IN = '''
import socket, ssl, struct, sys
from urllib.parse import urlsplit

url, *files = sys.argv[1:]
where = urlsplit(url)


def frame(number, method, content):
    body = struct.pack("!HH", *method) + content
    return struct.pack("!BHI", 1, number, len(body)) + body + b"\\xce"


def short(text):
    return struct.pack("!B", len(text)) + text.encode()


def long(text):
    return struct.pack("!I", len(text)) + text.encode()


def receive(line):
    """Return the class and the method of the next frame."""
    head = line.recv(7)
    if len(head) < 7:
        sys.exit("the broker has hung up")
    rest = b""
    while len(rest) <= struct.unpack("!I", head[3:])[0]:
        rest += line.recv(4096)
    return struct.unpack("!HH", rest[:4]), rest[4:-1]


line = socket.create_connection((where.hostname, where.port), 5)
if where.scheme == "amqps":
    trust = ssl.create_default_context(cafile="/etc/studium/hosts/authority.pem")
    if files:
        trust.load_cert_chain(*files)
    line = trust.wrap_socket(line, server_hostname="broker.studium")
line.sendall(b"AMQP\\x00\\x00\\x09\\x01")
method, told = receive(line)
assert method == (10, 10), method
answer = long(f"\\0{where.username}\\0{where.password}")
line.sendall(frame(0, (10, 11), long("") + short("PLAIN") + answer + short("en_US")))
method, told = receive(line)
if method != (10, 30):
    sys.exit(f"refused: {method}")
line.sendall(frame(0, (10, 31), told[:8]))
line.sendall(frame(0, (10, 40), short(where.path[1:]) + short("") + b"\\0"))
method, told = receive(line)
if method != (10, 41):
    sys.exit(f"refused: {method}")
line.sendall(frame(1, (20, 10), short("")))
assert receive(line)[0] == (20, 11)
line.sendall(frame(1, (50, 10), b"\\0\\0" + short("proof") + b"\\x08" + struct.pack("!I", 0)))
method, told = receive(line)
print("signed in, and a queue was made" if method == (50, 11) else f"refused: {method}")
'''


def sign_in(host, url, *files):
    words = " ".join(["python3", "-", f"'{url}'", *files])
    return host.ssh(words, stdin=SIGN_IN, check=False)
