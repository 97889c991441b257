"""Folders of small images whose classes are easily told: each is brighter in another colour."""

import numpy as np
from PIL import Image

COLOURS = {"blue": (0, 0, 1), "green": (0, 1, 0), "red": (1, 0, 0)}


def picture(colour, size=(8, 8), seed=0):
    """Noise ``(height, width, 3)`` that is brighter in one colour."""
    random = np.random.RandomState(seed)
    pixels = random.randint(0, 90, (*size, 3)) + 160 * np.array(colour)
    return Image.fromarray(pixels.astype(np.uint8))


def photos(folder, n=12, colours=COLOURS, size=(8, 8), grey=False, suffix=".png", first=0):
    """``n`` images a class, in sub-folders."""
    for name, colour in colours.items():
        (folder / name).mkdir(parents=True)
        for at in range(n):
            made = picture(colour, size, seed=first + at)
            (made.convert("L") if grey else made).save(folder / name / f"{at:03d}{suffix}")
    return folder
