// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The execution of a delta's part, which passes the objects that it makes to a quarantine.
///
/// Every object is verified there like any other that arrives. Here it is only seen to that no operation reads outside
/// of what there is, and that a part makes no more than its data and its sources can be good for.
final class DeltaExecutor {
    private let repository: Repository
    private let receive: (ObjectName) throws -> (any IncomingObject)?
    private let payload: DeltaPayload
    private let objects: [ObjectName]
    private let deflater: DeltaDeflater
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 * 1024, alignment: 64)

    /// The number of objects that were begun.
    private var begun = 0
    private var output: DeltaFile?
    private var source: DeltaSource?
    /// The source that was used last, kept open in case it is chosen again.
    private var lastSource: DeltaSource?
    private var openedSources = 0
    /// The number of bytes that may still be made.
    private var allowance: UInt64
    /// True if `allowance` has what the source of the current object is good for.
    private var isCredited = false

    /// The number of times that data or a source may be used up.
    private static let reuse: UInt64 = 64

    /// Prepares to execute a part.
    ///
    /// - Parameters:
    ///   - objects: the objects that it makes, in order.
    ///   - receive: makes room for an object; returns nil for one that is there.
    init(
        _ payload: DeltaPayload, making objects: [ObjectName], in repository: Repository,
        _ deflater: DeltaDeflater, receive: @escaping (ObjectName) throws -> (any IncomingObject)?
    ) {
        (self.payload, self.objects, self.repository) = (payload, objects, repository)
        (self.deflater, self.receive) = (deflater, receive)
        allowance = UInt64(payload.dataSize) * DeltaExecutor.reuse
    }

    deinit {
        buffer.deallocate()
    }

    /// Executes all operations.
    ///
    /// - Throws: `DeltaError` if one is wrong, or an object is not made; errors of the quarantine.
    func run() throws {
        try payload.withContent { data, operations in
            var operations = DeltaOperations(operations)
            while let operation = try operations.next() { try execute(operation, &operations, data) }
        }
        guard output == nil, begun == objects.count else {
            throw DeltaError("its operations do not make all of its objects")
        }
    }

    private func execute(
        _ operation: DeltaOperations.Operation, _ operations: inout DeltaOperations,
        _ data: UnsafeRawBufferPointer
    ) throws {
        switch operation {
        case .makeObject: try makeObject(&operations, data)
        case .open:
            let (mode, attributes) = (try operations.number(), try operations.number())
            try open(mode, attributes, size: operations.number())
        case .write:
            let (size, offset) = (try operations.number(), try operations.number())
            let output = try openOutput()
            if let source { credit(source) }
            try spend(size)
            guard let source else { return try output.write(range(offset, size, of: data)) }
            let (end, overflow) = offset.addingReportingOverflow(size)
            guard !overflow, size <= output.remaining else {
                throw DeltaError("an operation in it makes more than its object has")
            }
            try source.copy(offset..<end, buffer: buffer, output.write)
        case .setSource:
            let bytes = try range(operations.number(), UInt64(Checksum.byteCount), of: data)
            // Not nil: it has 32 bytes.
            if let checksum = Checksum(bytes: bytes) { try setSource(checksum) }
        case .unsetSource: source = nil
        case .close:
            try openOutput().finish()
            (output, isCredited) = (nil, false)
        case .patch:
            let (offset, size) = (try operations.number(), try operations.number())
            let patch = try range(offset, size, of: data)
            guard let source else { throw DeltaError("it has a patch without a source") }
            let output = try openOutput()
            credit(source)
            try spend(output.remaining)
            try BinaryPatch.apply(patch, to: source, size: output.remaining, output.write)
        }
    }

    private func openOutput() throws -> DeltaFile {
        guard let output else { throw DeltaError("an operation in it is for no object") }
        return output
    }

    private func range(
        _ offset: UInt64, _ size: UInt64, of data: UnsafeRawBufferPointer
    ) throws -> UnsafeRawBufferPointer {
        let (end, overflow) = offset.addingReportingOverflow(size)
        guard !overflow, end <= UInt64(data.count) else {
            throw DeltaError("an operation in it reads from behind its data")
        }
        return UnsafeRawBufferPointer(rebasing: data[Int(offset)..<Int(end)])
    }

    private func nextObject() throws -> ObjectName {
        guard output == nil else { throw DeltaError("it begins an object within another") }
        guard begun < objects.count else { throw DeltaError("it makes more objects than it lists") }
        begun += 1
        return objects[begun - 1]
    }

    private func makeObject(_ operations: inout DeltaOperations, _ data: UnsafeRawBufferPointer) throws {
        let name = try nextObject()
        guard name.type == .file else {
            let (size, offset) = (try operations.number(), try operations.number())
            let bytes = try range(offset, size, of: data)
            try spend(size)
            guard let incoming = try receive(name) else { return }
            try incoming.write(bytes)
            return try incoming.finish()
        }
        let header = try payload.header(mode: operations.number(), attributes: operations.number())
        let (size, offset) = (try operations.number(), try operations.number())
        let bytes = try range(offset, size, of: data)
        try spend(size)
        let file = try DeltaFile(header, size: size, to: receive(name), deflater)
        try file.write(bytes)
        try file.finish()
    }

    private func open(_ mode: UInt64, _ attributes: UInt64, size: UInt64) throws {
        let name = try nextObject()
        guard name.type == .file else { throw DeltaError("it makes metadata by an operation for files") }
        let header = try payload.header(mode: mode, attributes: attributes)
        output = try DeltaFile(header, size: size, to: receive(name), deflater)
    }

    private func setSource(_ checksum: Checksum) throws {
        if let lastSource, lastSource.checksum == checksum {
            source = lastSource
            return
        }
        // Opening one may mean to decompress it, and no object is made of several.
        openedSources += 1
        guard openedSources <= objects.count else { throw DeltaError("it changes its source too often") }
        source = try DeltaSource(checksum, in: repository)
        lastSource = source
    }

    /// Adds what the source of the current object is good for, once for each object.
    private func credit(_ source: DeltaSource) {
        guard !isCredited else { return }
        isCredited = true
        let (credit, isTooMuch) = source.size.multipliedReportingOverflow(by: DeltaExecutor.reuse)
        let (sum, overflow) = allowance.addingReportingOverflow(isTooMuch ? .max : credit)
        allowance = overflow ? .max : sum
    }

    private func spend(_ size: UInt64) throws {
        guard size <= allowance else {
            throw DeltaError("it makes far more than its data and its sources are good for")
        }
        allowance -= size
    }
}
