"""Frames of 160 samples at 8 kHz as G.711 octets. Made once; every call plays from the same tables."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import cache

FRAME, RATE = 160, 8000


def a_law(sample: int) -> int:
    """ITU-T G.711 of a 16 bit sample."""
    sign = 0x80 if sample >= 0 else 0
    value = min(abs(sample), 32_635)
    if value >= 256:
        exponent = value.bit_length() - 8
        code = (exponent << 4) | ((value >> (exponent + 3)) & 15)
    else:
        code = value >> 4
    return (code | sign) ^ 0x55


def mu_law(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    value = min(abs(sample), 32_635) + 132
    exponent = max(0, value.bit_length() - 8)
    return ~(sign | (exponent << 4) | ((value >> (exponent + 3)) & 15)) & 0xFF


def encode(samples: list[int], payload: int) -> bytes:
    law = a_law if payload == 8 else mu_law
    return bytes(law(sample) for sample in samples)


@cache
def ring_tone(payload: int) -> tuple[bytes, ...]:
    """425 Hz, one second of five."""
    tone = [round(6_000 * math.sin(2 * math.pi * 425 * at / RATE)) for at in range(RATE)]
    return _frames([*tone, *([0] * 4 * RATE)], payload)


@cache
def speech(payload: int) -> tuple[bytes, ...]:
    """Ten seconds that sound like somebody talking in the next room: harmonics that glide, in syllables with pauses."""
    dice = random.Random(20_261_121)
    samples: list[int] = []
    phase = 0.0
    while len(samples) < 10 * RATE:
        length, pitch, loud = dice.randint(700, 2_600), dice.uniform(95, 210), dice.uniform(0.35, 1.0)
        for at in range(length):
            phase += 2 * math.pi * (pitch + 18 * math.sin(at / 900)) / RATE
            envelope = math.sin(math.pi * at / length) * loud
            voice = sum(math.sin(phase * n) / n for n in (1, 2, 3, 4, 5, 7)) + dice.uniform(-0.25, 0.25)
            samples.append(round(5_200 * envelope * voice))
        samples.extend(dice.randint(-60, 60) for _ in range(dice.randint(200, 2_400)))
    return _frames(samples[: 10 * RATE], payload)


@cache
def silence(payload: int) -> tuple[bytes, ...]:
    return (encode([0] * FRAME, payload),)


def endless(frames: tuple[bytes, ...]) -> Iterator[bytes]:
    while True:
        yield from frames


def _frames(samples: list[int], payload: int) -> tuple[bytes, ...]:
    encoded = encode(samples, payload)
    return tuple(encoded[at : at + FRAME] for at in range(0, len(encoded) - FRAME + 1, FRAME))
