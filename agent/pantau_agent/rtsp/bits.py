"""Reads the bit fields of H.264's and H.265's NAL units (ITU-T H.264, 7.2 and 9.1; H.265, 7.2 and 9.2)."""


class BitReader:
    """Reads from a NAL unit's bytes behind its header, without the emulation prevention bytes."""

    def __init__(self, data: bytes) -> None:
        data = data.replace(b"\x00\x00\x03", b"\x00\x00")
        self._bits = int.from_bytes(data)
        self._left = 8 * len(data)

    def read(self, count: int) -> int:
        """Return the next `count` bits as a number.

        Raises:
            ValueError: there are fewer left.
        """
        if count > self._left:
            raise ValueError("the unit ends too early")
        self._left -= count
        return self._bits >> self._left & ((1 << count) - 1)

    def read_ue(self) -> int:
        """Return the next unsigned Exp-Golomb number.

        Raises:
            ValueError: the unit ends too early, or the number has more than 32 bits.
        """
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("an Exp-Golomb number is too long")
        return (1 << zeros) - 1 + self.read(zeros)
