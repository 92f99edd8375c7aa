"""Small files of each kind, and archives of them with a table."""

import io
import struct
import wave
import zipfile
from typing import Any

PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89"
    b"\0\0\0\nIDATx\x9cc\0\x01\0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82"
)


def wav(height: int = 440) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", (n * height) % 2000) for n in range(80)))
    return made.getvalue()


TABLE = (
    "name,file,text,tag:tempo:number,tag:mode,tag:slow:truth\n"
    "lark,audio/lark.wav,,120.5,major,no\n"
    "owl,audio/owl.wav,,60,minor,yes\n"
    "moon,moon.png,,,,\n"
    "poem,,Two roads diverged,,minor,\n"
)
FILES = {"audio/lark.wav": wav(440), "audio/owl.wav": wav(220), "moon.png": PNG}


def archive(table: str = TABLE, files: Any = None, folder: str = "") -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as box:
        box.writestr(f"{folder}stimuli.csv", table)
        for name, content in (FILES if files is None else files).items():
            box.writestr(f"{folder}{name}", content)
    made.seek(0)
    return made
