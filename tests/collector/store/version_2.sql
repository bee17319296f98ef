BEGIN TRANSACTION;
CREATE TABLE about (
	"key" VARCHAR(40) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "about" VALUES('version','2');
INSERT INTO "about" VALUES('installation','7bb9359c');
INSERT INTO "about" VALUES('term','0');
CREATE TABLE cameras (
	site VARCHAR(63) NOT NULL, 
	id VARCHAR(63) NOT NULL, 
	state_json TEXT NOT NULL, 
	PRIMARY KEY (site, id)
);
INSERT INTO "cameras" VALUES('nongsa','cam2','{"id":"cam2","first_s":0.0,"name":"","state":"ok","cause":null,"since_ms":1790000000000,"since_s":-1.0,"told_s":0.0,"detail":"","sample_ms":1790000001000,"boot":"boot1","seq":0,"told_ms":1790000001000,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null},"hardware":{"vendor":"","model":"","firmware":"","firmware_note":""}}');
INSERT INTO "cameras" VALUES('kabil','cam3','{"id":"cam3","first_s":0.0,"name":"","state":"ok","cause":null,"since_ms":1790000000000,"since_s":-1.0,"told_s":0.0,"detail":"","sample_ms":1790000001000,"boot":"boot1","seq":0,"told_ms":1790000001000,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null},"hardware":{"vendor":"","model":"","firmware":"","firmware_note":""}}');
INSERT INTO "cameras" VALUES('a','cam1','{"id":"cam1","first_s":0.0,"name":"","state":"ok","cause":null,"since_ms":1790000000000,"since_s":-1.0,"told_s":0.0,"detail":"","sample_ms":1790000001000,"boot":"boot1","seq":0,"told_ms":1790000001000,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null},"hardware":{"vendor":"","model":"","firmware":"","firmware_note":""}}');
INSERT INTO "cameras" VALUES('b','cam1','{"id":"cam1","first_s":0.0,"name":"","state":"ok","cause":null,"since_ms":1790000000000,"since_s":-1.0,"told_s":0.0,"detail":"","sample_ms":1790000001000,"boot":"boot1","seq":0,"told_ms":1790000001000,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null},"hardware":{"vendor":"","model":"","firmware":"","firmware_note":""}}');
INSERT INTO "cameras" VALUES('kabil','cam2','{"id":"cam2","first_s":0.0,"name":"","state":"impaired","cause":"frozen","since_ms":1790000060000,"since_s":59.0,"told_s":59.0,"detail":"","sample_ms":1790000031000,"boot":"boot1","seq":2,"told_ms":1790000060000,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null},"hardware":{"vendor":"","model":"","firmware":"","firmware_note":""}}');
INSERT INTO "cameras" VALUES('nongsa','cam1','{"id":"cam1","first_s":0.0,"name":"","state":"impaired","cause":"black","since_ms":1790000070000,"since_s":69.0,"told_s":69.0,"detail":"","sample_ms":1790000061000,"boot":"boot1","seq":3,"told_ms":1790000070000,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null},"hardware":{"vendor":"","model":"","firmware":"","firmware_note":""}}');
INSERT INTO "cameras" VALUES('kabil','cam1','{"id":"cam1","first_s":0.0,"name":"","state":"down","cause":"stalled","since_ms":1790000290000,"since_s":289.0,"told_s":289.0,"detail":"","sample_ms":1790000271000,"boot":"boot1","seq":10,"told_ms":1790000290000,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null},"hardware":{"vendor":"","model":"","firmware":"","firmware_note":""}}');
INSERT INTO "cameras" VALUES('kabil','cam4','{"id":"cam4","first_s":0.0,"name":"","state":"down","cause":"refused","since_ms":1790000292000,"since_s":291.0,"told_s":291.0,"detail":"","sample_ms":1790000271000,"boot":"boot1","seq":10,"told_ms":1790000292000,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null},"hardware":{"vendor":"","model":"","firmware":"","firmware_note":""}}');
CREATE TABLE cursors (
	name VARCHAR(40) NOT NULL, 
	journal VARCHAR(40) NOT NULL, 
	position BIGINT NOT NULL, 
	received_ms BIGINT NOT NULL, 
	attention_s FLOAT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "cursors" VALUES('pipeline','memory',66,1790000292000,299.0);
CREATE TABLE downtimes (
	id INTEGER NOT NULL, 
	scope VARCHAR(20) NOT NULL, 
	target VARCHAR(400) NOT NULL, 
	start_ms BIGINT NOT NULL, 
	end_ms BIGINT, 
	rrule TEXT, 
	duration_s INTEGER NOT NULL, 
	timezone VARCHAR(60) NOT NULL, 
	reason TEXT NOT NULL, 
	"by" VARCHAR(200) NOT NULL, 
	created_ms BIGINT NOT NULL, 
	cancelled_ms BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "downtimes" VALUES(1,'camera','nongsa/cam1',1790000000000,1790000400000,NULL,0,'Asia/Jakarta','ganti','Ani',0,NULL);
CREATE TABLE incidents (
	id INTEGER NOT NULL, 
	site VARCHAR(63) NOT NULL, 
	camera VARCHAR(63), 
	cause VARCHAR(40) NOT NULL, 
	cameras_json TEXT NOT NULL, 
	since_ms BIGINT NOT NULL, 
	opened_ms BIGINT NOT NULL, 
	opened_s FLOAT NOT NULL, 
	ending_s FLOAT, 
	resolved_ms BIGINT, 
	device VARCHAR(63), 
	uplink VARCHAR(63), 
	sites_json TEXT NOT NULL, 
	awaited INTEGER NOT NULL, 
	origin BIGINT, 
	acknowledged_json TEXT, 
	downtime VARCHAR(20) NOT NULL, 
	flapping BOOLEAN NOT NULL, 
	waiting_s FLOAT NOT NULL, 
	escalation INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "incidents" VALUES(1,'kabil','cam1','stalled','["cam1"]',1790000050000,1790000070000,69.0,NULL,NULL,NULL,NULL,'[]',0,NULL,NULL,'',1,69.0,0);
INSERT INTO "incidents" VALUES(2,'kabil','cam2','frozen','["cam2"]',1790000060000,1790000080000,79.0,NULL,NULL,NULL,NULL,'[]',0,NULL,'{"by":"Budi","at_ms":1790000100000,"until_ms":null}','',0,79.0,0);
INSERT INTO "incidents" VALUES(3,'nongsa','cam1','black','["cam1"]',1790000070000,1790000090000,89.0,NULL,NULL,NULL,NULL,'[]',0,NULL,NULL,'1',0,89.0,0);
INSERT INTO "incidents" VALUES(4,'',NULL,'uplink_down','["a/cam1", "b/cam1"]',1790000091000,1790000140000,139.0,NULL,NULL,NULL,'menara','["a", "b"]',0,NULL,NULL,'',0,139.0,0);
CREATE TABLE journaled (
	what VARCHAR(40) NOT NULL, 
	last_id BIGINT NOT NULL, 
	PRIMARY KEY (what)
);
INSERT INTO "journaled" VALUES('requests',1);
CREATE TABLE notices (
	id INTEGER NOT NULL, 
	incident BIGINT NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	step VARCHAR(60) NOT NULL, 
	recipient VARCHAR(63) NOT NULL, 
	created_ms BIGINT NOT NULL, 
	ready_ms BIGINT NOT NULL, 
	held BOOLEAN NOT NULL, 
	letter BIGINT, 
	notice_json TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT notices_once UNIQUE (incident, kind, step, recipient)
);
INSERT INTO "notices" VALUES(1,1,'opened','','noc',1790000070000,1790000070000,0,1,'{"kind":"opened","incident":1,"site":"kabil","site_name":"kabil","camera":"cam1","camera_name":"cam1","cause":"stalled","state":"down","since_ms":1790000050000,"cameras":[{"id":"cam1","name":"cam1","owner":"","maintainer":"","project":"","site":"kabil","site_name":"kabil"}],"resolved_ms":null,"detail":"","latitude":null,"longitude":null,"device":"","uplink":"","sites":1,"by":"","until_ms":null,"level":0,"waited_min":0,"outlived":false}');
INSERT INTO "notices" VALUES(2,1,'opened','','limited',1790000070000,1790000070000,0,2,'{"kind":"opened","incident":1,"site":"kabil","site_name":"kabil","camera":"cam1","camera_name":"cam1","cause":"stalled","state":"down","since_ms":1790000050000,"cameras":[{"id":"cam1","name":"cam1","owner":"","maintainer":"","project":"","site":"kabil","site_name":"kabil"}],"resolved_ms":null,"detail":"","latitude":null,"longitude":null,"device":"","uplink":"","sites":1,"by":"","until_ms":null,"level":0,"waited_min":0,"outlived":false}');
INSERT INTO "notices" VALUES(3,2,'opened','','noc',1790000080000,1790000080000,0,3,'{"kind":"opened","incident":2,"site":"kabil","site_name":"kabil","camera":"cam2","camera_name":"cam2","cause":"frozen","state":"impaired","since_ms":1790000060000,"cameras":[{"id":"cam2","name":"cam2","owner":"","maintainer":"","project":"","site":"kabil","site_name":"kabil"}],"resolved_ms":null,"detail":"","latitude":null,"longitude":null,"device":"","uplink":"","sites":1,"by":"","until_ms":null,"level":0,"waited_min":0,"outlived":false}');
INSERT INTO "notices" VALUES(4,2,'opened','','limited',1790000080000,1790003670000,1,NULL,'{"kind":"opened","incident":2,"site":"kabil","site_name":"kabil","camera":"cam2","camera_name":"cam2","cause":"frozen","state":"impaired","since_ms":1790000060000,"cameras":[{"id":"cam2","name":"cam2","owner":"","maintainer":"","project":"","site":"kabil","site_name":"kabil"}],"resolved_ms":null,"detail":"","latitude":null,"longitude":null,"device":"","uplink":"","sites":1,"by":"","until_ms":null,"level":0,"waited_min":0,"outlived":false}');
INSERT INTO "notices" VALUES(5,2,'acknowledged','1790000100000','noc',1790000100000,1790000100000,0,5,'{"kind":"acknowledged","incident":2,"site":"kabil","site_name":"kabil","camera":"cam2","camera_name":"cam2","cause":"frozen","state":"impaired","since_ms":1790000060000,"cameras":[{"id":"cam2","name":"cam2","owner":"","maintainer":"","project":"","site":"kabil","site_name":"kabil"}],"resolved_ms":null,"detail":"","latitude":null,"longitude":null,"device":"","uplink":"","sites":1,"by":"Budi","until_ms":null,"level":0,"waited_min":0,"outlived":false}');
INSERT INTO "notices" VALUES(6,2,'acknowledged','1790000100000','limited',1790000100000,1790003670000,1,NULL,'{"kind":"acknowledged","incident":2,"site":"kabil","site_name":"kabil","camera":"cam2","camera_name":"cam2","cause":"frozen","state":"impaired","since_ms":1790000060000,"cameras":[{"id":"cam2","name":"cam2","owner":"","maintainer":"","project":"","site":"kabil","site_name":"kabil"}],"resolved_ms":null,"detail":"","latitude":null,"longitude":null,"device":"","uplink":"","sites":1,"by":"Budi","until_ms":null,"level":0,"waited_min":0,"outlived":false}');
INSERT INTO "notices" VALUES(7,4,'opened','','noc',1790000140000,1790000140000,0,7,'{"kind":"opened","incident":4,"site":"","site_name":"","camera":null,"camera_name":"","cause":"uplink_down","state":"unknown","since_ms":1790000091000,"cameras":[{"id":"cam1","name":"cam1","owner":"","maintainer":"","project":"","site":"a","site_name":"a"},{"id":"cam1","name":"cam1","owner":"","maintainer":"","project":"","site":"b","site_name":"b"}],"resolved_ms":null,"detail":"","latitude":null,"longitude":null,"device":"","uplink":"menara","sites":2,"by":"","until_ms":null,"level":0,"waited_min":0,"outlived":false}');
INSERT INTO "notices" VALUES(8,4,'opened','','limited',1790000140000,1790003670000,1,NULL,'{"kind":"opened","incident":4,"site":"","site_name":"","camera":null,"camera_name":"","cause":"uplink_down","state":"unknown","since_ms":1790000091000,"cameras":[{"id":"cam1","name":"cam1","owner":"","maintainer":"","project":"","site":"a","site_name":"a"},{"id":"cam1","name":"cam1","owner":"","maintainer":"","project":"","site":"b","site_name":"b"}],"resolved_ms":null,"detail":"","latitude":null,"longitude":null,"device":"","uplink":"menara","sites":2,"by":"","until_ms":null,"level":0,"waited_min":0,"outlived":false}');
INSERT INTO "notices" VALUES(9,1,'flapping','','noc',1790000140000,1790000140000,0,9,'{"kind":"flapping","incident":1,"site":"kabil","site_name":"kabil","camera":"cam1","camera_name":"cam1","cause":"stalled","state":"ok","since_ms":1790000050000,"cameras":[{"id":"cam1","name":"cam1","owner":"","maintainer":"","project":"","site":"kabil","site_name":"kabil"}],"resolved_ms":null,"detail":"","latitude":null,"longitude":null,"device":"","uplink":"","sites":1,"by":"","until_ms":null,"level":0,"waited_min":0,"outlived":false}');
INSERT INTO "notices" VALUES(10,1,'flapping','','limited',1790000140000,1790003670000,1,NULL,'{"kind":"flapping","incident":1,"site":"kabil","site_name":"kabil","camera":"cam1","camera_name":"cam1","cause":"stalled","state":"ok","since_ms":1790000050000,"cameras":[{"id":"cam1","name":"cam1","owner":"","maintainer":"","project":"","site":"kabil","site_name":"kabil"}],"resolved_ms":null,"detail":"","latitude":null,"longitude":null,"device":"","uplink":"","sites":1,"by":"","until_ms":null,"level":0,"waited_min":0,"outlived":false}');
CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	letter BIGINT NOT NULL, 
	form VARCHAR(10) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	incidents_json TEXT NOT NULL, 
	recipient VARCHAR(63) NOT NULL, 
	channel VARCHAR(40) NOT NULL, 
	status VARCHAR(10) NOT NULL, 
	attempts INTEGER NOT NULL, 
	created_ms BIGINT NOT NULL, 
	finished_ms BIGINT, 
	error TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT outbox_once UNIQUE (letter, channel)
);
INSERT INTO "outbox" VALUES(1,2,'single','opened','[1]','limited','1-json','sent',1,1790000070000,1790000070000,'');
INSERT INTO "outbox" VALUES(2,1,'single','opened','[1]','noc','1-json','sent',1,1790000070000,1790000070000,'');
INSERT INTO "outbox" VALUES(3,3,'single','opened','[2]','noc','1-json','sent',1,1790000080000,1790000080000,'');
INSERT INTO "outbox" VALUES(4,5,'single','acknowledged','[2]','noc','1-json','sent',1,1790000100000,1790000100000,'');
INSERT INTO "outbox" VALUES(5,7,'single','opened','[4]','noc','1-json','sent',1,1790000140000,1790000140000,'');
INSERT INTO "outbox" VALUES(6,9,'single','flapping','[1]','noc','1-json','sent',1,1790000140000,1790000140000,'');
CREATE TABLE requests (
	id INTEGER NOT NULL, 
	incident BIGINT NOT NULL, 
	"by" VARCHAR(200) NOT NULL, 
	created_ms BIGINT NOT NULL, 
	until_ms BIGINT, 
	withdrawn BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "requests" VALUES(1,2,'Budi',1790000100000,NULL,0);
CREATE TABLE secrets (
	name VARCHAR(40) NOT NULL, 
	value VARCHAR(200) NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE sites (
	id VARCHAR(63) NOT NULL, 
	state_json TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "sites" VALUES('a','{"id":"a","first_s":0.0,"name":"","version":"1","boot":"boot1","past_boots":[],"session":1,"dead":true,"dead_s":119.0,"online":false,"interval_s":30.0,"clock_synchronised":true,"heard_ms":1790000091000,"heard_s":90.0,"sequences":{"runs":[{"boot":"boot1","newest":3,"gaps":[]}],"lost":0},"cameras":{}}');
INSERT INTO "sites" VALUES('b','{"id":"b","first_s":0.0,"name":"","version":"1","boot":"boot1","past_boots":[],"session":1,"dead":true,"dead_s":119.0,"online":false,"interval_s":30.0,"clock_synchronised":true,"heard_ms":1790000091000,"heard_s":90.0,"sequences":{"runs":[{"boot":"boot1","newest":3,"gaps":[]}],"lost":0},"cameras":{}}');
INSERT INTO "sites" VALUES('nongsa','{"id":"nongsa","first_s":0.0,"name":"","version":"1","boot":"boot1","past_boots":[],"session":1,"dead":false,"dead_s":0.0,"online":true,"interval_s":30.0,"clock_synchronised":true,"heard_ms":1790000271000,"heard_s":270.0,"sequences":{"runs":[{"boot":"boot1","newest":9,"gaps":[]}],"lost":0},"cameras":{}}');
INSERT INTO "sites" VALUES('kabil','{"id":"kabil","first_s":0.0,"name":"","version":"1","boot":"boot1","past_boots":[],"session":1,"dead":false,"dead_s":0.0,"online":true,"interval_s":30.0,"clock_synchronised":true,"heard_ms":1790000292000,"heard_s":291.0,"sequences":{"runs":[{"boot":"boot1","newest":9,"gaps":[]}],"lost":0},"cameras":{}}');
CREATE TABLE symptoms (
	site VARCHAR(63) NOT NULL, 
	subject VARCHAR(80) NOT NULL, 
	bad BOOLEAN NOT NULL, 
	since_s FLOAT NOT NULL, 
	trouble VARCHAR(40), 
	changes INTEGER NOT NULL, 
	looked_s FLOAT NOT NULL, 
	looked_bad BOOLEAN NOT NULL, 
	flapping BOOLEAN NOT NULL, 
	PRIMARY KEY (site, subject)
);
INSERT INTO "symptoms" VALUES('kabil','cam2',1,59.0,'frozen',1,59.0,1,0);
INSERT INTO "symptoms" VALUES('nongsa','cam1',1,69.0,'black',1,69.0,1,0);
INSERT INTO "symptoms" VALUES('uplink:menara','uplink:menara',0,0.0,NULL,1,139.0,1,0);
INSERT INTO "symptoms" VALUES('a','',1,119.0,'agent_gone',1,119.0,1,0);
INSERT INTO "symptoms" VALUES('b','',1,119.0,'agent_gone',1,119.0,1,0);
INSERT INTO "symptoms" VALUES('kabil','cam1',1,289.0,'stalled',524287,289.0,1,1);
INSERT INTO "symptoms" VALUES('kabil','cam4',1,291.0,NULL,1,291.0,1,0);
CREATE TABLE timeline (
	id INTEGER NOT NULL, 
	incident BIGINT NOT NULL, 
	time_ms BIGINT NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	cause VARCHAR(40) NOT NULL, 
	cameras_json TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "timeline" VALUES(1,1,1790000070000,'opened','stalled','["cam1"]');
INSERT INTO "timeline" VALUES(2,2,1790000080000,'opened','frozen','["cam2"]');
INSERT INTO "timeline" VALUES(3,3,1790000090000,'opened','black','["cam1"]');
INSERT INTO "timeline" VALUES(4,2,1790000100000,'acknowledged','frozen','["cam2"]');
INSERT INTO "timeline" VALUES(5,4,1790000140000,'opened','uplink_down','["a/cam1", "b/cam1"]');
INSERT INTO "timeline" VALUES(6,1,1790000140000,'flapping_started','stalled','["cam1"]');
CREATE INDEX incidents_resolved ON incidents (resolved_ms);
CREATE INDEX ix_timeline_incident ON timeline (incident);
CREATE INDEX ix_notices_letter ON notices (letter);
CREATE INDEX ix_notices_incident ON notices (incident);
CREATE INDEX ix_outbox_status ON outbox (status);
CREATE INDEX outbox_of_recipient ON outbox (recipient, created_ms);
COMMIT;
