"""Makers' own pages about a camera, by path."""

PAGES = {
    "/ISAPI/System/deviceInfo": b'<?xml version="1.0"?><DeviceInfo xmlns="http://x"><model>DS-2CD2142FWD-I</model>'
    b"<firmwareVersion>V5.4.0</firmwareVersion><firmwareReleasedDate>build 160530</firmwareReleasedDate>"
    b"</DeviceInfo>",
    "/cgi-bin/magicBox.cgi?action=getDeviceType": b"type=IPC-HX5842H\r\n",
    "/cgi-bin/magicBox.cgi?action=getSoftwareVersion": b"version=2.8.0.R,build:2019-11-20\r\n",
    "/axis-cgi/param.cgi?action=list&group=root.Brand,root.Properties.Firmware": b"root.Brand.Brand=AXIS\n"
    b"root.Brand.ProdShortName=AXIS P3245-V\nroot.Properties.Firmware.Version=9.80.1\n",
    "/stw-cgi/system.cgi?msubmenu=deviceinfo&action=view": b"Model=XNV-6080\r\nFirmwareVersion=1.41.02\r\n",
}
