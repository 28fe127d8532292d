"""Small files of every format that is read, made from their specifications; bytes, so that tests can damage them.

Every file that has room for it names a patient, so that tests can see the name stay behind.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kalemia.records import LEADS

Floats = NDArray[np.floating]
PATIENT = "Doe^Jane"
BIRTH = "19451231"
STARTED = datetime(2021, 3, 4, 5, 6, 7)


@dataclass(frozen=True)
class Made:
    """An ECG to write: (leads, samples) in steps of 5 uV, its rate in Hz and its leads."""

    steps: NDArray[np.int64]
    rate: int
    leads: tuple[str, ...]

    @property
    def mv(self) -> NDArray[np.float32]:
        """The signal in mV."""
        return (self.steps * 0.005).astype(np.float32)

    def only(self, leads: Sequence[str]) -> Made:
        """Keep some leads."""
        return Made(self.steps[[self.leads.index(lead) for lead in leads]], self.rate, tuple(leads))

    def between(self, begin_s: float, end_s: float) -> Made:
        """Keep some seconds."""
        return Made(self.steps[:, round(begin_s * self.rate) : round(end_s * self.rate)], self.rate, self.leads)


def ecg(seconds: float = 4.0, rate: int = 250, leads: Sequence[str] = LEADS) -> Made:
    """Return twelve leads whose limb leads obey Einthoven's law in whole steps."""
    t = np.arange(round(seconds * rate)) / rate
    phase = (t % 0.8) - 0.3
    one, two, *chest = (
        np.rint(
            200
            * scale
            * (np.exp(-((phase / 0.012) ** 2)) + 0.3 * np.exp(-(((phase - 0.28) / 0.05) ** 2)) + 0.03 * np.sin(9 * t))
        ).astype(np.int64)
        * 2
        for scale in (0.5, 0.9, -0.5, -0.7, 0.4, 1.1, 1.3, 0.9)
    )
    rows = [one, two, two - one, -(one + two) // 2, one - two // 2, two - one // 2, *chest]
    return Made(np.stack(rows), rate, LEADS).only(leads)


def wfdb(
    made: Made, name: str = "record", *, gain: Sequence[float] | float = 200, data: str = ""
) -> tuple[bytes, bytes]:
    """Return header and data of format 16; `gain` may differ between leads without the counts being scaled."""
    gains = [gain] * len(made.leads) if isinstance(gain, (int, float)) else list(gain)
    lines = [f"{name} {len(made.leads)} {made.rate} {made.steps.shape[1]} {STARTED:%H:%M:%S %d/%m/%Y}"]
    for row, lead, per_mv in zip(made.steps, made.leads, gains, strict=True):
        checksum = (int(row.sum()) + 32768) % 65536 - 32768
        lines.append(f"{data or name + '.dat'} 16 {per_mv}(0)/mV 16 0 {row[0]} {checksum} 0 {lead}")
    lines.append(f"# Name: {PATIENT} born {BIRTH}")
    return ("\n".join(lines) + "\n").encode(), made.steps.T.astype("<i2").tobytes()


def dicom(made: Made, *, label: str = "RHYTHM", median: bool = True, deflated: bool = False) -> bytes:
    """Return a 12-lead waveform object, with the machine's median beat as a second group."""
    beat = Made(made.steps[:, :200], made.rate, made.leads)
    groups = [Group(made, label), Group(beat, "MEDIAN BEAT", original=False)][: 2 if median else 1]
    if label == "MEDIAN BEAT":
        groups[0] = Group(made, label, original=False)
    return dicom_of(groups, deflated=deflated)


@dataclass(frozen=True)
class Group:
    """A multiplex group to write; `padding` is what its writer says that padding is."""

    made: Made
    label: str | None = None
    begins_ms: float | None = None
    original: bool = True
    padding: int | None = None


def dicom_of(groups: Sequence[Group], *, deflated: bool = False) -> bytes:
    """Return a 12-lead waveform object of several multiplex groups."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.sequence import Sequence as Items
    from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

    def code(value: str, scheme: str, meaning: str) -> Dataset:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
        return item

    def channel(lead: str) -> Dataset:
        item = Dataset()
        item.ChannelSourceSequence = Items([code("x", "99X", f"Lead {lead} (Einthoven)")])
        item.ChannelSensitivity, item.ChannelBaseline, item.ChannelSensitivityCorrectionFactor = "5", "0", "1"
        item.ChannelSensitivityUnitsSequence = Items([code("uV", "UCUM", "microvolt")])
        item.WaveformBitsStored = 16
        return item

    def written(group: Group) -> Dataset:
        item = Dataset()
        item.WaveformOriginality = "ORIGINAL" if group.original else "DERIVED"
        if group.label is not None:
            item.MultiplexGroupLabel = group.label
        if group.begins_ms is not None:
            item.MultiplexGroupTimeOffset = str(group.begins_ms)
        item.NumberOfWaveformChannels, item.NumberOfWaveformSamples = group.made.steps.shape
        item.SamplingFrequency = str(group.made.rate)
        item.ChannelDefinitionSequence = Items([channel(lead) for lead in group.made.leads])
        item.WaveformBitsAllocated, item.WaveformSampleInterpretation = 16, "SS"
        if group.padding is not None:
            item.add_new(0x5400100A, "OW", group.padding.to_bytes(2, "little", signed=True))
        item.WaveformData = group.made.steps.T.astype("<i2").tobytes()
        return item

    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian if deflated else ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = UID("1.2.840.10008.5.1.4.1.1.9.1.1")
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = UID("1.2.3.4")
    data.PatientName, data.PatientBirthDate, data.PatientID = PATIENT, BIRTH, "4711"
    data.AcquisitionDateTime = f"{STARTED:%Y%m%d%H%M%S}"
    data.WaveformSequence = Items([written(group) for group in groups])
    stream = io.BytesIO()
    data.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def edf(made: Made, *, bdf: bool = False, kind: str = "", record_s: int = 1, stated: int | None = None) -> bytes:
    """Return an EDF file of 16 bits, or a BDF file of 24."""
    count = len(made.leads)
    per_record = made.rate * record_s
    records = made.steps.shape[1] // per_record
    most = 1_000_000 if bdf else 2**15 - 1  # in 8 characters with a sign, five times as much in uV
    head = b"\xffBIOSEMI" if bdf else b"0       "
    head += f"{PATIENT} {BIRTH}".ljust(80).encode() + b"Startdate".ljust(80)
    head += f"{STARTED:%d.%m.%y}{STARTED:%H.%M.%S}{256 * (count + 1):<8}{kind:<44}".encode()
    head += f"{records if stated is None else stated:<8}{record_s:<8}{count:<4}".encode()
    columns: list[tuple[int, Sequence[object]]] = [
        (16, [f"ECG {lead}" for lead in made.leads]), (80, ["AgCl"] * count), (8, ["uV"] * count),
        (8, [-most * 5] * count), (8, [most * 5] * count), (8, [-most] * count), (8, [most] * count),
        (80, [""] * count), (8, [per_record] * count), (32, [""] * count),
    ]  # fmt: skip
    head += "".join(f"{value!s:<{width}}"[:width] for width, values in columns for value in values).encode()
    blocks = made.steps[:, : records * per_record].reshape(count, records, per_record).transpose(1, 0, 2)
    if not bdf:
        return head + blocks.astype("<i2").tobytes()
    return head + blocks.astype("<i4")[..., None].view(np.uint8)[..., :3].tobytes()


def aecg(made: Made) -> bytes:
    """Return an HL7 annotated ECG."""
    leads = "".join(
        f'<component><sequence><code code="MDC_ECG_LEAD_{lead.upper()}"/><value><origin value="0" unit="uV"/>'
        f'<scale value="5" unit="uV"/><digits>{" ".join(map(str, row))}</digits></value></sequence></component>'
        for lead, row in zip(made.leads, made.steps, strict=True)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><AnnotatedECG xmlns="urn:hl7-org:v3">'
        f"<subject><name>{PATIENT}</name></subject>"
        f'<effectiveTime><low value="{STARTED:%Y%m%d%H%M%S}"/></effectiveTime>'
        '<component><series><code code="RHYTHM"/><component><sequenceSet><component><sequence>'
        f'<code code="TIME_ABSOLUTE"/><value><head value="{STARTED:%Y%m%d%H%M%S}"/>'
        f'<increment value="{1 / made.rate}" unit="s"/></value></sequence></component>{leads}'
        "</sequenceSet></component></series></component></AnnotatedECG>"
    ).encode()


def muse(made: Made) -> bytes:
    """Return a GE MUSE export, with the eight leads that MUSE stores."""
    eight = made.only(("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"))
    leads = ""
    for lead, row in zip(eight.leads, eight.steps, strict=True):
        data = row.astype("<i2").tobytes()
        leads += (
            f"<LeadData><LeadByteCountTotal>{len(data)}</LeadByteCountTotal><LeadID>{lead}</LeadID>"
            f"<LeadSampleCountTotal>{len(row)}</LeadSampleCountTotal>"
            "<LeadAmplitudeUnitsPerBit>5</LeadAmplitudeUnitsPerBit><LeadAmplitudeUnits>MICROVOLTS</LeadAmplitudeUnits>"
            f"<LeadSampleSize>2</LeadSampleSize><LeadDataCRC32>{binascii.crc32(data)}</LeadDataCRC32>"
            f"<WaveFormData>{base64.b64encode(data).decode()}</WaveFormData></LeadData>"
        )
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE RestingECG SYSTEM "restecg.dtd"><RestingECG>'
        f"<PatientDemographics><PatientLastName>{PATIENT}</PatientLastName></PatientDemographics>"
        f"<TestDemographics><AcquisitionTime>{STARTED:%H:%M:%S}</AcquisitionTime>"
        f"<AcquisitionDate>{STARTED:%m-%d-%Y}</AcquisitionDate></TestDemographics>"
        f"<Waveform><WaveformType>Rhythm</WaveformType><SampleBase>{made.rate}</SampleBase>"
        f"<SampleExponent>0</SampleExponent>{leads}</Waveform></RestingECG>"
    ).encode()


def xli(steps: NDArray[np.int64]) -> bytes:
    """Compress one lead as Philips does: second differences, high bytes before low ones, LZW codes of 10 bits."""
    values = steps.astype(np.int64)
    codes = values.copy()
    codes[2:-1] = 64 + 2 * values[2:-1] - values[1:-2] - values[3:]
    codes[-1] = 64
    start = int(2 * values[1] - values[0] - values[2])
    words = codes.astype(np.int16).view(np.uint16)
    plain = np.concatenate([words >> 8, words & 0xFF]).astype(np.int64)
    body = packed(plain.tolist())
    return struct.pack("<IHh", len(body), 0, start) + body


def packed(codes: Sequence[int]) -> bytes:
    """Pack LZW codes of 10 bits; codes below 256 stand for themselves."""
    bits = "".join(f"{code:010b}" for code in codes)
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def philips(made: Made, *, calibrated: bool = True, waveforms: bytes | None = None) -> bytes:
    """Return a Philips export: limb leads as residuals, a calibration pulse at the end."""
    steps = made.steps
    if calibrated:
        pulse = np.repeat([0, 200, 0], [made.rate // 10, made.rate // 5, made.rate // 10])
        steps = np.concatenate([steps, np.broadcast_to(pulse, (len(steps), pulse.size))], axis=1)
    one, two, three = steps[:3]
    stored = steps.copy()
    stored[2] = two - one - three
    stored[3] = -steps[3] - (one + two) // 2
    stored[4] = (one - three) // 2 - steps[4]
    stored[5] = (two + three) // 2 - steps[5]
    text = base64.b64encode(waveforms or b"".join(map(xli, stored))).decode()
    return (
        '<?xml version="1.0" encoding="UTF-8"?><restingecgdata xmlns="http://www3.medical.philips.com">'
        "<documentinfo><documenttype>SierraECG</documenttype><documentversion>1.03</documentversion></documentinfo>"
        f"<patient><generalpatientdata><name><lastname>{PATIENT}</lastname></name></generalpatientdata></patient>"
        f'<dataacquisition date="{STARTED:%Y-%m-%d}" time="{STARTED:%H:%M:%S}"><signalcharacteristics>'
        f"<samplingrate>{made.rate}</samplingrate><resolution>5</resolution><leadset>STD-12</leadset>"
        "<numberchannelsallocated>12</numberchannelsallocated></signalcharacteristics></dataacquisition>"
        '<waveforms><parsedwaveforms compressflag="True" compressmethod="XLI" dataencoding="Base64" '
        f'durationperchannel="{steps.shape[1] * 1000 // made.rate}" nbitspersample="16">{text}</parsedwaveforms>'
        "</waveforms></restingecgdata>"
    ).encode()


def cardiosoft(made: Made) -> bytes:
    """Return a CardioSoft export with a median beat behind its strip."""
    time = "".join(f"<{part}>{getattr(STARTED, part.lower())}</{part}>" for part in (
        "Hour", "Minute", "Second", "Day", "Month", "Year"
    ))  # fmt: skip

    def part(name: str, steps: NDArray[np.int64]) -> str:
        leads = "".join(
            f'<WaveformData lead="{lead}">\t{",".join(map(str, row))}\n</WaveformData>'
            for lead, row in zip(made.leads, steps, strict=True)
        )
        return (
            f'<{name}><SampleRate units="Hz">{made.rate}</SampleRate>'
            f"<ChannelSampleCountTotal>{steps.shape[1]}</ChannelSampleCountTotal>"
            f'<Resolution units="uVperLsb">5</Resolution>{leads}</{name}>'
        )

    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?><CardiologyXML><ObservationType>RestECG</ObservationType>'
        f"<ObservationDateTime>{time}</ObservationDateTime><PatientInfo><Name>{PATIENT}</Name></PatientInfo>"
        f"{part('MedianSamples', made.steps[:, :25] * 2)}{part('StripData', made.steps)}</CardiologyXML>"
    ).encode()


def mortara(made: Made) -> bytes:
    """Return a Mortara ELI export."""
    leads = "".join(
        f'<CHANNEL OFFSET="0" BITS="16" FORMAT="SIGNED" UNITS_PER_MV="200" DURATION="{len(row)}" '
        f'SAMPLE_FREQ="{made.rate}" NAME="{lead}" ENCODING="BASE64" '
        f'DATA="{base64.b64encode(row.astype("<i2").tobytes()).decode()}"/>'
        for lead, row in zip(made.leads, made.steps, strict=True)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ECG ACQUISITION_TIME="{STARTED:%Y%m%d%H%M%S}" NUM_QRS="5">'
        f'<SUBJECT LAST_NAME="{PATIENT}" DOB="{BIRTH}"/><SOURCE TYPE="ELI 280"/>{leads}</ECG>'
    ).encode()


def schiller(made: Made) -> bytes:
    """Return a Schiller export with a median beat before its rhythm."""

    def wave(kind: str, steps: NDArray[np.int64]) -> str:
        leads = "".join(
            f"<channel><name>{lead}</name><datastype>COMMASEPARATE</datastype><data>{','.join(map(str, row))}</data>"
            "</channel>"
            for lead, row in zip(made.leads, steps, strict=True)
        )
        return (
            f"<wavedata><type>{kind}</type><resolution><samplerate><value>{made.rate}</value><exponent>1</exponent>"
            "</samplerate><yres><unitperbit>5</unitperbit><units>uV</units></yres></resolution>"
            f"{leads}</wavedata>"
        )

    return (
        f'<?xml version="1.0" encoding="UTF-8"?><examdescript><patdata><lastname>{PATIENT}</lastname></patdata>'
        f"<eventdata><event>{wave('ECG_AVERAGES', made.steps[:, :25])}{wave('ECG_RHYTHMS', made.steps)}</event>"
        "</eventdata></examdescript>"
    ).encode()


def scp(made: Made) -> bytes:
    """Return an SCP-ECG record: sections 0, 1, 3 and 6, plain 16-bit amplitudes."""
    codes = {lead: n for n, lead in enumerate(("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), start=1)} | {
        "III": 61, "aVR": 62, "aVL": 63, "aVF": 64
    }  # fmt: skip
    count, length = made.steps.shape

    def section(number: int, body: bytes) -> bytes:
        body += b"\0" * (len(body) % 2)
        rest = struct.pack("<HIBB6x", number, 16 + len(body), 20, 20) + body
        return struct.pack("<H", binascii.crc_hqx(rest, 0xFFFF)) + rest

    name = PATIENT.encode() + b"\0"
    date = struct.pack("<BHHBB", 25, 4, STARTED.year, STARTED.month, STARTED.day)
    clock = struct.pack("<BHBBB", 26, 3, STARTED.hour, STARTED.minute, STARTED.second)
    one = section(1, struct.pack("<BH", 0, len(name)) + name + date + clock + struct.pack("<BH", 255, 0))
    three = section(3, bytes([count, 4 | count << 3 & 0xFF]) + b"".join(
        struct.pack("<IIB", 1, length, codes[lead]) for lead in made.leads
    ))  # fmt: skip
    six = section(6, struct.pack("<HHBB", 5000, 1_000_000 // made.rate, 0, 0)
                  + struct.pack(f"<{count}H", *[2 * length] * count) + made.steps.astype("<i2").tobytes())  # fmt: skip
    pointers = b""
    position = 7 + 16 + 10 * 12
    parts = {1: one, 3: three, 6: six}
    for number in range(12):
        if number == 0:
            pointers += struct.pack("<HII", 0, 16 + 10 * 12, 7)
        elif number in parts:
            pointers += struct.pack("<HII", number, len(parts[number]), position)
            position += len(parts[number])
        else:
            pointers += struct.pack("<HII", number, 0, 0)
    rest = struct.pack("<HIBB6s", 0, 16 + len(pointers), 20, 20, b"SCPECG") + pointers
    zero = struct.pack("<H", binascii.crc_hqx(rest, 0xFFFF)) + rest
    body = struct.pack("<I", 6 + len(zero + one + three + six)) + zero + one + three + six
    return struct.pack("<H", binascii.crc_hqx(body, 0xFFFF)) + body


def atc(made: Made) -> bytes:
    """Return a recording of AliveCor's Kardia, with an average beat."""

    def block(name: str, data: bytes) -> bytes:
        block = name.encode() + struct.pack("<I", len(data)) + data
        return block + struct.pack("<I", sum(block))

    info = f"{STARTED:%Y-%m-%dT%H:%M:%S}.000+10:00".encode().ljust(32, b"\0") + PATIENT.encode().ljust(232, b"\0")
    form = struct.pack("<BHHBH", 1, made.rate, 5000, 2, 0)
    names = dict(zip(LEADS, (f"ecg{digit}" for digit in " 23456789abc"), strict=True))
    leads = [block(names[lead], row.astype("<i2").tobytes()) for lead, row in zip(made.leads, made.steps, strict=True)]
    beat = block("avg ", made.steps[0, :100].astype("<i2").tobytes())
    return b"ALIVE\0\0\0" + struct.pack("<I", 5) + block("info", info) + block("fmt ", form) + b"".join(leads) + beat


def ishne(made: Made) -> bytes:
    """Return an ISHNE Holter recording."""
    codes = dict(zip(LEADS, range(5, 17), strict=True))
    count = len(made.leads)
    comment = b"a comment"

    def twelve(values: Sequence[int]) -> bytes:
        return struct.pack("<12h", *values, *[-9] * (12 - count))

    def date(moment: datetime) -> bytes:
        return struct.pack("<3h", moment.day, moment.month, moment.year)

    fixed = struct.pack("<iiiih", len(comment), made.steps.shape[1], 522, 522 + len(comment), 1)
    fixed += PATIENT.encode().ljust(40, b"\0") * 2 + b"4711".ljust(20, b"\0") + struct.pack("<hh", 2, 1)
    fixed += date(datetime.strptime(BIRTH, "%Y%m%d")) + date(STARTED) * 2
    fixed += struct.pack("<3h", STARTED.hour, STARTED.minute, STARTED.second) + struct.pack("<h", count)
    fixed += twelve([codes[lead] for lead in made.leads]) + twelve([1] * count) + twelve([5000] * count)
    fixed += struct.pack("<h", 0) + b"digital".ljust(40, b"\0") + struct.pack("<h", made.rate)
    block = fixed.ljust(512, b"\0") + comment
    return (
        b"ISHNE1.0" + struct.pack("<H", binascii.crc_hqx(block, 0xFFFF)) + block + made.steps.T.astype("<i2").tobytes()
    )


def fhir(made: Made) -> bytes:
    """Return a FHIR Observation of R4."""

    def lead(name: str, row: NDArray[np.int64]) -> dict[str, object]:
        code = {
            "coding": [{"system": "urn:oid:2.16.840.1.113883.6.24", "display": f"MDC_ECG_ELEC_POTL_{name.upper()}"}]
        }
        origin = {"value": 0, "unit": "uV", "system": "http://unitsofmeasure.org", "code": "uV"}
        data = " ".join(map(str, row))
        sampled = {"origin": origin, "period": 1000 / made.rate, "factor": 5, "dimensions": 1, "data": data}
        return {"code": code, "valueSampledData": sampled}

    return json.dumps(
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"code": "131328", "display": "MDC_ECG_ELEC_POTL"}]},
            "subject": {"reference": "Patient/4711", "display": PATIENT},
            "effectiveDateTime": f"{STARTED:%Y-%m-%dT%H:%M:%S}+01:00",
            "component": [lead(name, row) for name, row in zip(made.leads, made.steps, strict=True)],
        }
    ).encode()


def csv(made: Made, *, rate: bool = True) -> bytes:
    """Return a CSV file: a comment with the rate, the names, a row a sample."""
    lines = [f"# rate: {made.rate} Hz, units: mV"] if rate else ["# units: mV"]
    lines.append(",".join(made.leads))
    lines += [",".join(f"{value:.3f}" for value in row) for row in made.mv.T]
    return ("\n".join(lines) + "\n").encode()


def apple(made: Made) -> bytes:
    """Return what an Apple Watch exports: lead I, one number a line, in microvolts."""
    head = (
        f"Name,{PATIENT}\nDate of Birth,{BIRTH}\nRecorded Date,{STARTED:%Y-%m-%d %H:%M:%S} +0100\n"
        f"Sample Rate,{made.rate} hertz\n\n\nLead,Lead I\nUnit,\u00b5V\n\n"
    )
    return (
        head + "\n".join(f"{value * 1000:.3f}".rstrip("0").rstrip(".") for value in made.only(["I"]).mv[0]) + "\n"
    ).encode()


SINGLE: dict[str, Callable[[Made], bytes]] = {
    "ecg.dcm": dicom, "ecg.edf": edf, "ecg.bdf": lambda made: edf(made, bdf=True), "aecg.xml": aecg, "muse.xml": muse,
    "philips.xml": philips, "cardiosoft.xml": cardiosoft, "mortara.xml": mortara, "schiller.xml": schiller,
    "ecg.scp": scp, "ecg.atc": atc, "holter.ecg": ishne, "fhir.json": fhir, "ecg.csv": csv, "apple.csv": apple,
}  # fmt: skip
"""The formats that are one file, by a usual name."""
