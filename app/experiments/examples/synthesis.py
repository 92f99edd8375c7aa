"""Melodies made here, of sines: three tunes, in major and in minor, slow and fast."""

import io
import math
import struct
import wave
from collections.abc import Iterator
from dataclasses import dataclass

RATE = 16_000  # samples a second
MIDDLE_C_HZ = 261.63
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11, 12), (0, 2, 3, 5, 7, 8, 10, 12)  # semitones of each degree
TUNES = {  # degrees of the scale, counted from 1
    "wave": (1, 3, 5, 3, 1, 5, 8, 5),
    "stairs": (1, 2, 3, 4, 5, 4, 3, 1),
    "leap": (5, 1, 6, 1, 5, 3, 2, 1),
}
TEMPI = {"slow": 120, "fast": 200}  # notes a minute
OVERTONES = ((1, 1.0), (2, 0.35), (3, 0.12))
ATTACK_S, LOUDEST = 0.02, 0.55


@dataclass(frozen=True)
class Melody:
    name: str
    tune: str
    mode: str
    tempo: int

    @property
    def notes(self) -> list[float]:
        """Return the frequency of each note in Hz, in equal temperament."""
        scale = MAJOR if self.mode == "major" else MINOR
        return [MIDDLE_C_HZ * 2 ** (scale[degree - 1] / 12) for degree in TUNES[self.tune]]

    @property
    def duration_s(self) -> float:
        return len(TUNES[self.tune]) * 60 / self.tempo

    @property
    def tags(self) -> dict[str, float | str | bool]:
        return {
            "mode": self.mode,
            "tune": self.tune,
            "tempo": float(self.tempo),
            "seconds": round(self.duration_s, 2),
            "alt": "A melody of eight notes",
        }


def melodies() -> list[Melody]:
    return [
        Melody(f"{tune}-{mode}-{speed}", tune, mode, tempo)
        for tune in TUNES
        for mode in ("major", "minor")
        for speed, tempo in TEMPI.items()
    ]


def sound(melody: Melody) -> bytes:
    """Return a melody as a WAV file."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for pitch in melody.notes:
            samples = list(_note(pitch, 60 / melody.tempo))
            file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return made.getvalue()


def _note(pitch_hz: float, seconds: float) -> Iterator[int]:
    """Yield the samples of one note: a few overtones that fade."""
    count = round(seconds * RATE)
    for n in range(count):
        at = n / RATE
        rise = min(1.0, at / ATTACK_S)
        fade = rise * math.exp(-3 * at / seconds) * min(1.0, (count - n) / (ATTACK_S * RATE))
        tone = sum(part * math.sin(2 * math.pi * k * pitch_hz * at) for k, part in OVERTONES)
        yield round(32_767 * LOUDEST * fade * tone / 1.47)
