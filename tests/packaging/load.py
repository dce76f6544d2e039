"""load HOST PORT SECONDS - asks for /health again and again; prints how many requests were answered, refused, lost."""
import socket
import sys
import time


def main():
    host, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    answered = refused = lost = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with socket.create_connection((host, port), 30) as connection:
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                answer = b""
                while more := connection.recv(4096):
                    answer += more
        except ConnectionRefusedError:
            refused += 1
        except OSError:
            lost += 1
        else:
            answered, lost = answered + (b" 200 " in answer), lost + (b" 200 " not in answer)
        time.sleep(0.005)
    print(answered, refused, lost)


main()
