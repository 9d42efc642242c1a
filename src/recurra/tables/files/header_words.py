"""Words of tables by language, mostly of their headers: what a text in the right encoding is made of."""

# Chinese, Japanese and Korean also have lists of frequent characters, without those of their words

SIMPLIFIED_CHINESE = """
日期 时间 日 年 月 年份 月份 星期 周 季度 开盘 收盘 最高 最低 开盘价 收盘价 最高价 最低价 前收盘 成交量 成交额
成交金额 换手率 涨跌幅 涨跌额 振幅 总市值 流通市值 市盈率 市净率 股票代码 代码 名称 简称 证券 销量 销售量 销售额 数量
金额 价格 单价 总价 成本 利润 收入 支出 库存 订单 客户 门店 店铺 商品 产品 类别 品类 地区 城市 省份 温度 气温 湿度
风速 降水量 降雨量 天气 浓度 用电量 电量 负荷 功率 流量 客流量 人数 人口 编号 序号 单位 合计 总计 平均 均值 备注 状态
类型 指数 汇率 利率 增长率 同比 环比 天数 次数 比例 上海 北京
"""
FREQUENT_SIMPLIFIED_CHINESE = """
的一是不了我在有他这为之大来以个中们到说国和也子道而要于就下得可你生自会那后能对着事其里所去行过家十发如然作方者多都三
小军二无么经法当起与好看学进种将还分此心面又定见只主没公从使部内外短关新旧付款项目表物料牌话址县街路楼层室积房租买卖业
务供应仓货购采退运费税息基债标准差笔委亏损益资动固现余煤油矿铁钢铜铝粮棉糖豆米肉蛋奶菜果鱼车辆程航班乘病死亡治愈检测空
质雪压力频耗投效工农林牧渔教育卫医院校级员性龄职薪奖加请假考勤绩科组织机构渠广告点击浏览访问转化优惠活持结算昨今累停预
实际误半全第初末始终止截至按照等段局线站距离限课师试录取毕失劳保险药护理疫苗确诊接核酸隔拨缴罚账提兑托赎回申民配除权融
借补放避杠杆选择履约追散董监减信建筑座落套宅捷
"""
TRADITIONAL_CHINESE = """
日期 時間 日 年 月 年份 月份 星期 週 季度 開盤 收盤 最高 最低 開盤價 收盤價 最高價 最低價 成交量 成交金額 成交股數
成交筆數 漲跌 漲跌價差 漲跌幅 證券代號 證券名稱 股票代號 名稱 銷量 銷售量 銷售額 數量 金額 價格 單價 總價 成本 利潤
收入 支出 庫存 訂單 客戶 門市 店鋪 商品 產品 類別 地區 城市 縣市 溫度 氣溫 濕度 風速 降雨量 雨量 天氣 濃度 用電量 電量
負載 功率 流量 人數 人口 編號 序號 單位 合計 總計 平均 備註 狀態 類型 指數 匯率 利率 成長率 年增率 月增率 天數 次數
比例 測站 臺北 高雄 香港
"""
FREQUENT_TRADITIONAL_CHINESE = """
的一是不了我在有他這為之大來以個中上們到說國和也子道而要於就下得可你生自會那後能對著事其裡所去行過家十發如然作方者多都
三小軍二無同麼經法當起與好看學進種將還分此心前面又定見只主沒公從使部內外短關新舊付款項目表碼物料牌話址省街路樓層室積房
租買賣業務供應倉貨購採退換運費稅息淨值基債標準手振盈虧損益資動固現餘水煤油礦鐵鋼銅鋁糧棉糖豆米肉蛋奶菜果魚車輛里程航班
乘病死亡治癒檢空質雪壓力頻耗投效工農林漁教育衛醫院校級員性齡職薪獎科組織機構通廣告點擊瀏覽訪問轉化優惠活營毛捷便報酬加
權留宜蘭隆宅配停贖回麵包飲借輸送距離限課師考試錄取畢求失勞健保藥護理疫苗確診接篩隔累撥繳罰帳提兌委託搓殖融補放避險槓桿
選擇履約結算追信董監持減除建築屋坪段座落套雅南竹彰雲嘉屏花蓮澎湖馬祖
"""
JAPANESE = """
日付 日時 年月日 年 月 日 年月 時刻 時間 曜日 始値 終値 高値 安値 出来高 前日比 騰落率 売上 売上高 売上数 販売数
販売量 数量 金額 価格 単価 合計 平均 平均値 利益 費用 原価 在庫 在庫数 注文 注文数 顧客 店舗 店名 商品 商品名 品名
製品 種類 分類 地域 都市 都道府県 気温 最高気温 最低気温 温度 湿度 風速 降水量 天気 濃度 電力 電力量 使用量 需要 負荷
流量 人数 人口 来客数 番号 単位 備考 状態 指数 為替 金利 増加率 前年比 銘柄 コード データ レート カテゴリ サイズ
ユーザー アクセス 東京 大阪 の
"""
FREQUENT_JAPANESE = """
一国十二本中長三行見後生五四今九入学円子外八六下小七山話女北午百書先川千半男西校語土木聞食車何南万毎白母火右読友左休父
雨会同事自社発者業方新場員立開手問代明動目通言理体田主題意不作強公持野以思家世多正院心界教元重近画海知集別物死特私朝運
台広住無真有少町料工建空急止送切転研足究楽起着病質待試族銀早映親験英医仕去味写字答夜音帰古歌買悪図週室歩紙黒花春赤青館
屋色走秋夏習駅洋旅服夕借飲肉貸堂鳥飯勉冬昼茶弟牛魚兄犬妹姉漢政議民連対部内相定回選米実関決全表戦経現調化当約首法性制治
務成期取和機受続進記初権支産点報済活共得解交資予向際勝面告反判認参組信件側任引求所次昨論官係感情投示変打直両式確果容必
演歳争談能置疑過局放常球職与供役構割身由説難優夫収断石違消神規術宅害配警育席訪乗残想線護央未福枚個給灯油軽準差累総純損
税込抜粗卸納棚層齢区村丁圧雪晴曇測観誤異欠
"""
KOREAN = """
날짜 일자 일시 시간 년도 연도 월 일 요일 분기 시가 종가 고가 저가 거래량 거래대금 등락률 전일비 시가총액 종목코드
종목명 이름 판매 판매량 판매수량 판매액 매출 매출액 수량 금액 가격 단가 합계 총계 평균 평균값 이익 비용 원가 재고
재고량 주문 주문수 고객 매장 점포 상품 상품명 제품 종류 분류 구분 지역 도시 시도 기온 최고기온 최저기온 온도 습도 풍속
강수량 날씨 농도 전력 전력량 사용량 수요 부하 유량 인원 인구 방문자수 번호 순번 단위 비고 상태 지수 환율 금리 증가율
전년대비 비율 코드 데이터 건수 횟수 서울 부산
"""
FREQUENT_KOREAN = """
다는에의을를로은한어나아스해들과있그으정만여것니게보조동무마공러안면영모관신경세오소성개국선라진할당야화업음회입행실내
체양학교생물통외중치발적히르레트크므미바반배변별복본북불삼색석설센송승식심약열예왕우운육응임작잔접좌직집차창책처천철청
초추축충취층키타탄토투특편표피필함항향허험혁현형혼활황효후훈휴님군길납검확망존질채권결준클릭광료급
"""
GERMAN = """
größe größen stück stückzahl höhe umsätze erlös erlöse verkäufe käufer straße straßen öffnung höchst höchstkurs
eröffnung veränderung änderung für über fläche gemüse köln münchen zürich düsseldorf nürnberg würzburg österreich
währung geschäft kälte wärme strömung verbräuche übertrag jährlich täglich märz länge stärke zähler zählerstand gebühr
gebühren lösung qualität prämie büro möbel bücher öl heizöl getränke gerät geräte gäste fährt fälle bevölkerung
beschäftigte löhne erträge beträge vorgänge prüfung führung lüftung schlüssel bäckerei häuser räume plätze tür süd
nördlich östlich mühle früh spät abfälle äußere ökonomie können möglich nötig kühl heiß groß schließen räder väter
nähe günstig zwölf köpfe töne söhne böse flüge jüngste schüler süß blüte förder geöffnet dänemark
"""
FRENCH = """
numéro quantité unité catégorie débit température précipitations humidité région département été année août décembre
février référence libellé clôture élevé évolution électricité énergie coût coûts hôtel île première dernière matière
caractère système problème modèle règle siècle après très mètre père même fête être prêt intérêt forêt tempête réseau
société marché détail prévision réalisé fréquence durée écart période thé café crédit échéance montréal générale
sécurité santé médecin école étage âge dépôt côte bientôt contrôle où déjà voilà ça façon reçu français leçon maïs
naïf sûr mûr goût élément employé créé célèbre thème succès fenêtre tête bête pêche dîner maître dû hôpital diplôme
château théâtre grâce tâche bâtiment gâteau pâte garçon œuvre cœur sœur bœuf mœurs libéré véhicule réunion à çà grève
fève sève manège scène
"""
SPANISH = """
año años día mañana españa niños niño número mínimo máximo línea categoría región población energía teléfono última
último variación fábrica código tamaño señal compañía peón cañón camión electrónica índice público métrica análisis
crédito razón descripción información producción estación dirección más también según través después sábado miércoles
artículo área sueño pequeño otoño daño así aquí país vía policía había raíz música púrpura útil francés café bebé
período débito técnica energético méxico pérdida está están será allá papá canadá ámbito página máquina práctica
gráfico rápido cálculo válido báscula kilómetro termómetro económico histórico próximo sótano ómnibus óptimo adiós
algodón compañero cigüeña límite vehículo título círculo físico típico líquido móvil sólido
"""
PORTUGUESE = """
balões preço preços mês ação ações média máxima mínima variação cotação são produção último código região período índice
negócios açúcar café avaliação condição não então informação estação situação descrição população município milhões
opções regiões função português três você após público água força serviço endereço março lições à às manhã irmã põe
pão serão cão cidadão razão emoção decisões leões botões mãe inglês bebê ausência agência experiência existência
tendência câmara âmbito lâmpada distância infância estômago cômodo econômico tônico acadêmico avô avós avó está estará
já lá atrás área ácido álcool máquina página rápido prática gráfico título fábrica diário usuário necessário
calendário família história memória própria série matéria edifício início país saída saúde baú pé além também ninguém
porém armazém número única música açaí raízes nível móvel possível variável óleo óbvio próximo lógica débito século
veículo círculo àquele
"""
ITALIAN = """
quantità città attività unità perché qualità età possibilità società novità più già però così può è là giù lunedì
martedì mercoledì venerdì sarà verrà università velocità umidità densità cioè caffè tè né lì lassù ciò andò portò papà
virtù tribù menù ragù piè gilè purè bignè bebè
finì capì servì salì uscì aprì colpì agì subì così arrivò parlò mandò tornò pagò chiamò creò
"""
SWEDISH = """
försäljning öppet högst högsta lägst lägsta stängning mängd kött göteborg malmö år åren månad månader värde värden
förändring höjd smör bröd fågel återköp ägg grädde färger område träd både även från går småland längd fråga språk då
så två också tjänst står på nå här där när måste lång läkare läsa rätt främre äpple växt skäl mjöl öst över öken ön
öar böcker dörr döma försök större lördag nöje
"""
DANISH_NORWEGIAN = """
åbning åpning højeste høyeste københavn værdi mængde beløb omsætning måned år tromsø ålesund pålegg størrelse smør
brød kød æg køb bøger gør før større småt på få også første største næste læge træ vær være fløde øl ønske hvornår
forår håb gård stå då våben våd råolje språk båd lån låg ås øst øvre økning føtter dør kjøp løft nød drøm vælge væk
ræv præmie præcis fælles bær kær gæld hæve tæt pære æble
"""
POLISH = """
ilość sprzedaż wartość miesiąc dzień łódź kraków gdańsk poznań wrocław zamknięcie najwyższy najniższy średnia zużycie
ciśnienie wilgotność wydajność województwo żywność źródło prędkość ciężar odbiór łącznie główny opóźnienie przychód
żółty późno liczność własność śnieg część dochód północ południe książki świeże większość są się ceną stałe wysokość
długość szerokość ogółem zł piątek środa wrzesień październik grudzień styczeń koń słońce węgiel głębokość mają będą
chcą drogą mąka wąski sąd rząd prąd błąd skąd stąd ząb źle każdy może można dużo żyć różny wziąć mięso pięć pięćset
święty rękę względem części ćwierć mieć pisać robić jeść miłość możliwość śląsk światło śmierć wśród myśl toruński
gałąź łosoś łyżka był stół półrocze dół płaca spółka spółdzielnia zakład młody król córka mówić powrót wzór wybór bój
ósmy
"""
CZECH_SLOVAK = """
množství tržby měsíc čas počet závěr nejvyšší nejnižší otevření průměr spotřeba město plzeň kč změna výška délka šířka
prodejní zboží měna účet příjem výdaj zákazník křivka středisko žádost úroky období číslo název množstvo dátum
najvyššia najnižšia vlhkosť rýchlosť odběr výroba začátek roční měsíční týden úterý středa čtvrtek pátek říjen září
říct ještě dnů lidů stůl dům může svět těžba ňadra káva šťáva ďábel její již jiří jižní přímý příští třída čtyři dveře
hořet keř řád řada řeč řízení dobře stříbro vnitřní úřad ústí účinek údaj únor úvěr můj důvod průtok půda půjčka růst
sůl vůz vůně zůstatek krajů prvků městský měření místo minulý věc věk větší vítr věda děti dělník děj těžký německo
také paměť pěkný oběh člověk částka čínský čtvrť klíč veličina šest šedý švestka další špatný naše náš váš dále dílo
žito když každý muž žlutý důležitý laň daňový kůň síň píseň báseň síť chuť zeď loď hruď kód próza móda milión vývoz
výkon výměra výsledek bývalý kategórie teória kalória ťažký ľad ľud týždeň štvrťrok mäso päť deväť svätý dĺžka stĺp
vŕba ôsmy stôl kôň môže vôl žiť
"""
HUNGARIAN = """
dátum érték nyitó záró árfolyam fogyasztás hőmérséklet győr idő őszi fűtés bevétel összeg kötet változás időpont
mérték szélsebesség könyv vásárló készlet áru összesen költség bevételek önköltség mennyiség ár átlag hónap év évek
üzlet szűrő felső alsó első belső külső sűrűség gyűjtő tőzsde erő nő hétfő csütörtök péntek gyümölcs zöldség kőolaj
értékelés ép épület előtt előző előadás előny előfizetés időjárás főváros földszint főleg jövő szülő tőke fejlődés
csökkenő növekvő működik mű művész gyűlés tűz tűnik népszerű hűtő női önálló önkormányzat új újság út úr úszás húsz
húz túl múlt fúj búza rúd hosszú számú célú irányú á állás ház hálózat óra órák óta ókor kór szó szól szolgáltató
szállítás szükséges különböző körülmény több völgy tömeg bőr gép részvény később rövid jó akció ügy ügyfél ünnep fül
belül kívül tükör í ír ízlés hír híd víz szín tíz bíróság díj díszes nyílt nyár nyáj
"""
CROATIAN_SLOVENE = """
količina najviša najniža šifra mjesečno prosječna žito težina širina područje država tržište površina početak
završetak čas število največji najmanjši višina mesečno račun tečaj ćelija kuća međunarodni dođe grožđe svježe božić
siječanj ožujak četvrtak obračun š škola šuma još naš kišni duša potrošač prošli riješen mješovit možda dužina služba
lož već veći budućnost općina voće plaća čovjek član čvor točka sunčan srčani brojčan događaj mlađi tuđ anđeo izvješće
višje nižje občina
"""
ROMANIAN = """
preţ preţuri cantităţi vânzări oraş bucureşti staţie număr numărul ţară judeţ şcoală lună săptămână când până română
în înălţime lăţime sfârşit început închidere fabrică piaţă fără după către şi aţi producţie marţi sâmbătă şase şef
şosea ştiinţă oraşul moş duş uşă judeţe băieţi puţin condiţii sănătate toţi câţi câte câine câştig lână lângă stânga
rânduri gând hârtie râu învăţământ îmbunătăţire coborî măsură făcut cădere zăpadă primăvară două băutură război
"""
