"""The preset dictionary of deflate (RFC 1950, 2.2: FDICT) for telemetry by columns.

It never changes: its Adler-32 is in every payload, and a collector can only read what was written with the same
dictionary. Words that are not in it cost a few bytes more.
"""

PRESET_DICTIONARY = (
    b"encryptedundecodableno_mediaunsupportednot_rtspnot_foundsessions_fulllocked_outauth_failedtimeoutrefused"
    b"unreachablestalledslow_startclock_wronglong_gopjitterpacket_losslow_bitratelow_fpspausedclock_unsetstarting"
    b'"unknown","disabled","degraded","impaired","down",null,false,true,"udp","mjpeg","h265","h264",'
    b"320,180,352,288,640,480,704,576,1280,720,2560,1440,3840,2160,640,360,1920,1080,1920,1080,"
    b',"dropped":"interval_s":10,"interval_s":60,0123456789-kamera-cam-utara-selatan-timur-barat-simpang-'
    b'{"site":"simpang-","boot":"","seq":1,"time":17,"monotonic_ms":12,"clock_synchronised":true,"interval_s":30,'
    b'"columns":{"camera":["","","kamera-1","kamera-2","cam1","cam2"],"time":[10,12,25,31,48,52,63,77,86,94,105,120],'
    b'"state":"ok","state":["ok","ok","ok","down","ok","ok"],"since":[1,2,3],'
    b'"cause":[null,null,null,"stalled",null],"detail":["","","","",""],'
    b'"codec":"h264","codec":["h264","h264","h265","h265","h264"],'
    b'"width":[640,640,640,1920,1920,640],"height":[360,360,360,1080,1080,360],"width":640,"height":360,'
    b'"fps":[25,25,24.9,25.1,25,20,20,19.9,20.1,15,15,14.9,15.1,15,12,10,12.5],'
    b'"bitrate_kbps":[512,498,1020,2050,384,396,405,768],'
    b'"keyframe_interval_s":[2,2,2,2.01,2,1,1,4,4,2.02,2],"keyframe_interval_s":2,'
    b'"rtp_loss_pct":[0,0,0,0.01,0],"rtp_loss_pct":0,"jitter_ms":[1.2,0.8,2.3,3.1,1.5,4.2],'
    b'"connect_ms":[1.2,2.3,3.4,10.5],"first_keyframe_ms":[110,240,380,1050,1950],'
    b'"clock_offset_s":[0,0,0.1,-0.1,0,0.2,-0.2],"transport":"tcp","evidence":{"no_signal":[0,0,0,null],'
    b'"black":[0,0,0,0],"overexposed":[0,0,0,0],"frozen":[0,0,0,0],"corrupted":[0,0,0,0],'
    b'"defocused":[0.05,0.06,0.07,0.08,0.09,0.1,0.11,0.12,0.13],"covered":[0.14,0.15,0.16,0.17,0.18,0.19,0.2],'
    b'"moved":[null,null,null,0.05,null,null],"colour_cast":[null,null,null,null,null],'
    b'"noisy":[0.1,null,null,null,0.1,null]}},"host":{"cpu_pct":12.3,"load_1m":0.45,"memory_used_pct":31.2,'
    b'"disk_used_pct":21.5,"disk_free_mb":2450,"temperature_c":48.3,"throttled":false,"undervoltage":false,'
    b'"uptime_s":86400,"agent_memory_mb":64.2,"spool_batches":0,"spool_mb":0.05}}'
)
