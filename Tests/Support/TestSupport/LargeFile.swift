// SPDX-License-Identifier: Apache-2.0

/// A commit whose only file is larger than a test has the time to compress and to hash, or the disk to hold.
public enum LargeFile {
    /// The number of bytes in the file `/large`, 12,345 more than 4 GiB: as ``SampleTree/sparseFile(size:at:)`` writes it.
    public static let size = (4 << 30) + 12_345
    /// The checksum of the file as an object: mode 0644, root's.
    public static let checksum = "9e89917de7d82db90f2b2ccd3e0c4187b4a206b39a7e24f1d3f28c8464ab66ad"

    /// Puts such a commit into an archive repository under a ref.
    ///
    /// - Returns: the commit's checksum.
    public static func commit(_ repository: String, ref: String) throws -> String {
        let result = try run(
            ["/usr/bin/python3", "-", repository, ref, checksum, "\(size - 3)"], input: .text(program))
        return try result.checked().lines.last ?? ""
    }

    private static let program = """
        import os, struct, sys, zlib
        import gi
        gi.require_version("OSTree", "1.0")
        from gi.repository import Gio, GLib, OSTree

        path, ref, checksum = sys.argv[1:4]
        megabytes, rest = divmod(int(sys.argv[4]), 1 << 20)
        zeros, tail = bytes(1 << 20), bytes(rest) + b"end"
        size = megabytes * len(zeros) + len(tail)
        middle, offset = divmod(size // 2, len(zeros))
        text = zeros[:offset] + b"mid" + zeros[offset + 3:]

        def swapped(value, width):
            return int.from_bytes(value.to_bytes(width, "big"), sys.byteorder)

        def framed(header):
            data = header.get_data_as_bytes().get_data()
            return struct.pack(">II", len(data), 0) + data

        mode = swapped(0o100644, 4)

        # A full flush ends on a byte and forgets what went before, so its blocks can be repeated.
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        blocks = [deflate.compress(data) + deflate.flush(zlib.Z_FULL_FLUSH) for data in (zeros, text)]
        last = zlib.compressobj(6, zlib.DEFLATED, -15)
        directory = os.path.join(path, "objects", checksum[:2])
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, checksum[2:] + ".filez"), "wb") as file:
            file.write(framed(GLib.Variant("(tuuuusa(ayay))", (swapped(size, 8), 0, 0, mode, 0, "", []))))
            for index in range(megabytes):
                file.write(blocks[index == middle])
            file.write(last.compress(tail) + last.flush())

        repo = OSTree.Repo.new(Gio.File.new_for_path(path))
        repo.open(None)
        repo.prepare_transaction(None)
        directory_metadata = GLib.Variant("(uuua(ayay))", (0, 0, swapped(0o40755, 4), []))
        written = repo.write_metadata(OSTree.ObjectType.DIR_META, None, directory_metadata, None)
        tree = OSTree.MutableTree.new()
        tree.set_metadata_checksum(bytes(written.out_csum).hex())
        tree.replace_file("large", checksum)
        root = repo.write_mtree(tree, None).out_file
        commit = repo.write_commit(None, "", "", None, root, None).out_commit
        repo.transaction_set_ref(None, ref, commit)
        repo.commit_transaction(None)
        print(commit)
        """
}
